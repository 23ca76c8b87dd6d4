/**
 * Networks as rows, their variants, building them as LayersModels, and changing trained ones.
 * @module tf8/architectures
 */

export { buildInceptionV3 } from './build_inception_v3.ts';
export type { BuildOptions } from './build_layers.ts';
export { buildMobileNetV1 } from './build_mobilenet_v1.ts';
export type { ConvLayer, LayerShape, PaddingScheme } from './conv_layer.ts';
export {
  type BatchNormParameters,
  type FoldBatchNormOptions,
  type FoldedConvolution,
  foldBatchNorm,
  type ZeroVariancePolicy,
} from './graph/fold_batch_norm.ts';
export { type Branch, INCEPTION_V3_ROWS, type InceptionRow, type Kernel } from './inception_v3.ts';
export type { InceptionV3Config } from './inception_v3_layers.ts';
export { costOfNetwork, type LayerCost, type NetworkCost } from './layer_costs.ts';
export {
  convLayers,
  MOBILENET_V1_ROWS,
  type MobileNetV1Config,
  type MobileNetV1Row,
} from './mobilenet_v1.ts';
export { buildNetwork, type NetworkConfig, type NetworkName } from './network.ts';
export { type DepthwiseMeans, measureDepthwiseMeans } from './rearchitect/centre_depthwise.ts';
export type { Chain, ChainLayer } from './rearchitect/chain.ts';
export { RearchitectError } from './rearchitect/errors.ts';
export type { Compile, TensorFunction, TransposedProduct } from './rearchitect/forward.ts';
export type { BatchSource, InputBatch } from './rearchitect/image_states.ts';
export { type ReadChain, readChain } from './rearchitect/read_chain.ts';
export { rebuiltModel } from './rearchitect/rebuilt_model.ts';
export {
  type OutputStatistics,
  type ReconstructedLayer,
  type Reconstruction,
  type ReconstructOptions,
  reconstruct,
} from './rearchitect/reconstruct.ts';
export { type Equalization, equalizeModel } from './rearchitect/scale_model.ts';
export { type RecognizedMobileNetV1, recognizeMobileNetV1 } from './recognize_mobilenet_v1.ts';
export { type TransferOptions, type TransferReport, transferWeights } from './transfer_weights.ts';
export {
  FRIENDLY,
  NO_DEPTHWISE_BN,
  RELU,
  STANDARD,
  VARIANTS,
  type Variant,
  type VariantName,
  variantNamed,
} from './variants.ts';
