/** What the package gives in Node and in a browser alike. */
export type {
  CorrectionChoice,
  ObserverChoice,
  Recipe,
  RecipePass,
  WeightChoice,
} from './convert/recipe.ts';
export { type NodeTime, type PlanOptions, Tf8Plan } from './execute/plan.ts';
export type { ClassScore } from './execute/top_classes.ts';
export type { CompiledProgram, Kernels, Program, TierName } from './kernels/kernels.ts';
export { recipeOf } from './model/recipe_of.ts';
export { decodeTf8, encodeTf8 } from './model/tf8_file.ts';
export { isTf8 } from './model/tf8_magic.ts';
export {
  type PoolNode,
  type Preprocessing,
  type Tf8Model,
  type Tf8Provenance,
  tensorNames,
  type WeightedNode,
} from './model/tf8_model.ts';
export type { ConcatCall, ConcatNode } from './ops/concat.ts';
export type { Conv2dCall, Conv2dNode } from './ops/conv2d.ts';
export type { ConvolutionCall } from './ops/convolution.ts';
export type { DepthwiseConv2dCall, DepthwiseConv2dNode } from './ops/depthwise_conv2d.ts';
export type { FullyConnectedCall, FullyConnectedNode } from './ops/fully_connected.ts';
export type { GlobalAveragePoolCall, GlobalAveragePoolNode } from './ops/global_average_pool.ts';
export type { Pool2dCall } from './ops/pool2d.ts';
export type { PreluCall, PreluNode, QuantizedSlopes } from './ops/prelu.ts';
export type { Calls, KernelCall, Nodes, OpName, Tf8Node } from './ops/table.ts';
export type { ImageShape, NodeBase, Shape4, TensorSpec } from './ops/tensor.ts';
export type { TransposedConv2dCall, TransposedConv2dNode } from './ops/transposed_conv2d.ts';
export type { QuantizedWeights, WeightedFields } from './ops/weights.ts';
export { QuantizationError } from './params/errors.ts';
export type { FixedPoint } from './params/fixed_point.ts';
export type { PreluMultipliers } from './params/prelu.ts';
export type { QuantizationParams } from './params/quantization.ts';
export type { ChannelParams, WeightQuantization } from './params/weight_quantization.ts';
export type { Padding } from './params/window.ts';
