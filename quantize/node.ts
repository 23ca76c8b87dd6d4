/** The package's entry in Node: TF8 models as data, and running them. No TensorFlow. */
export { loadTf8 } from './execute/load_tf8.ts';
export { type NodeTime, type PlanOptions, Tf8Plan } from './execute/plan.ts';
export { planOn, type TierOptions } from './execute/plan_on.ts';
export type { ClassScore } from './execute/top_classes.ts';
export type { Kernels, TierName } from './kernels/kernels.ts';
export type { SelectedKernels, TierReport } from './kernels/route.ts';
export { examineTiers, selectKernels } from './kernels/select.ts';
export { decodeTf8, encodeTf8 } from './model/tf8_file.ts';
export { isTf8 } from './model/tf8_magic.ts';
export {
  type Preprocessing,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  tensorNames,
} from './model/tf8_model.ts';
export { QuantizationError } from './params/errors.ts';
export type { QuantizationParams } from './params/quantization.ts';
