/**
 * The package's entry in Node: TF8 models as data, and running them. No TensorFlow.
 * @module tf8
 */
export { loadTf8 } from './execute/load_tf8.ts';
export { type NodeTime, type PlanOptions, Tf8Plan } from './execute/plan.ts';
export { planOn, type TierOptions } from './execute/plan_on.ts';
export type { ClassScore } from './execute/top_classes.ts';
export type {
  CompiledProgram,
  ConcatCall,
  Conv2dCall,
  DepthwiseConv2dCall,
  FullyConnectedCall,
  GlobalAveragePoolCall,
  KernelCall,
  Kernels,
  Pool2dCall,
  Program,
  Shape4,
  TierName,
} from './kernels/kernels.ts';
export type { SelectedKernels, TierReport, TierRoute } from './kernels/route.ts';
export { examineTiers, type SelectOptions, selectKernels } from './kernels/select.ts';
export { decodeTf8, encodeTf8 } from './model/tf8_file.ts';
export { isTf8 } from './model/tf8_magic.ts';
export {
  type ConcatNode,
  type GlobalAveragePoolNode,
  type ImageShape,
  type PoolNode,
  type Preprocessing,
  type QuantizedWeights,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  type Tf8Provenance,
  tensorNames,
  type WeightedNode,
} from './model/tf8_model.ts';
export { QuantizationError } from './params/errors.ts';
export type { QuantizationParams } from './params/quantization.ts';
export type { Padding } from './params/window.ts';
