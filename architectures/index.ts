/**
 * Networks as rows, their variants, building them as LayersModels, and changing trained ones.
 * @module tf8/architectures
 */

export type { BuildOptions } from './build_layers.ts';
export { buildMobileNetV1 } from './build_mobilenet_v1.ts';
export type {
  ConvLayer,
  LayerActivation,
  LayerShape,
  NetworkSizes,
  PaddingScheme,
} from './conv_layer.ts';
export {
  type EfficientNetScale,
  efficientNetLiteLayers,
  efficientNetLiteRows,
} from './efficientnet_lite.ts';
export { type FloatGraph, floatGraph } from './graph/float_graph.ts';
export type { FloatNetwork, UnreadOperation } from './graph/float_network.ts';
export type { FloatNode, FloatWeightedNode } from './graph/float_node.ts';
export type { FloatImages } from './graph/float_nodes.ts';
export type { Compile, TensorFunction } from './graph/float_runner.ts';
export {
  type BatchNormParameters,
  type FoldBatchNormOptions,
  type FoldedConvolution,
  foldBatchNorm,
  type ZeroVariancePolicy,
} from './graph/fold_batch_norm.ts';
export type { FloatActivationNode } from './graph/operations/activation.ts';
export type {
  Activation,
  ComposedActivation,
  Expression,
  GeneralRelu,
  MathFunction,
  PlainActivation,
} from './graph/operations/activation_function.ts';
export type { FloatArithmeticNode } from './graph/operations/arithmetic.ts';
export type { FloatBatchNormNode } from './graph/operations/batch_norm.ts';
export type { FloatConcatNode } from './graph/operations/concat.ts';
export type { FloatConv2dNode } from './graph/operations/conv2d.ts';
export type { FloatDepthwiseConv2dNode } from './graph/operations/depthwise_conv2d.ts';
export type { FloatDropoutNode } from './graph/operations/dropout.ts';
export type { FloatExtremeNode } from './graph/operations/extreme.ts';
export type { FloatFullyConnectedNode } from './graph/operations/fully_connected.ts';
export type { FloatGlobalAveragePoolNode } from './graph/operations/global_average_pool.ts';
export type { Constant, NodeBase } from './graph/operations/operation.ts';
export type { FloatPadNode } from './graph/operations/pad.ts';
export type { FloatPoolNode } from './graph/operations/pool2d.ts';
export type { FloatPreluNode } from './graph/operations/prelu.ts';
export type { FloatReduceNode } from './graph/operations/reduce.ts';
export type { FloatRequantizeNode } from './graph/operations/requantize.ts';
export type { FloatReshapeNode } from './graph/operations/reshape.ts';
export type { Corners, FloatResizeNode } from './graph/operations/resize.ts';
export type { FloatSliceNode } from './graph/operations/slice.ts';
export type { FloatSoftmaxNode } from './graph/operations/softmax.ts';
export type { FloatSpaceDepthNode } from './graph/operations/space_depth.ts';
export type { FloatTransposeNode } from './graph/operations/transpose.ts';
export type { FloatTransposedConv2dNode } from './graph/operations/transposed_conv2d.ts';
export type {
  ConvNodeBase,
  FoldedBatchNorm,
  WeightedNodeBase,
} from './graph/operations/weighted.ts';
export type { Shape } from './graph/shape.ts';
export type { Padding } from './graph/window.ts';
export { type Branch, INCEPTION_V3_ROWS, type InceptionRow } from './inception_v3.ts';
export { type InceptionV3Config, inceptionV3Layers } from './inception_v3_layers.ts';
export type { InvertedResidualRow } from './inverted_residuals.ts';
export { costOfNetwork, type LayerCost, type NetworkCost } from './layer_costs.ts';
export {
  convLayers,
  MOBILENET_V1_ROWS,
  type MobileNetV1Config,
  type MobileNetV1Row,
} from './mobilenet_v1.ts';
export { MOBILENET_V2_ROWS, mobileNetV2Layers } from './mobilenet_v2.ts';
export {
  MOBILENET_V3_LARGE,
  MOBILENET_V3_SMALL,
  type MobileNetV3Table,
  mobileNetV3Layers,
} from './mobilenet_v3.ts';
export {
  buildNetwork,
  layersOf,
  type NetworkConfig,
  type PlainNetworkConfig,
  type VariantNetworkConfig,
} from './network.ts';
export type { NetworkChoices } from './network_choices.ts';
export type { Kernel, NetworkLayer, NetworkLayers } from './network_layers.ts';
export {
  centredGraph,
  type DepthwiseMeans,
  measureDepthwiseMeans,
} from './rearchitect/centre_depthwise.ts';
export { RearchitectError } from './rearchitect/errors.ts';
export { foldedGraph } from './rearchitect/folded_graph.ts';
export type { BatchSource, InputBatch } from './rearchitect/image_states.ts';
export { rebuiltGraph } from './rearchitect/rebuilt_graph.ts';
export {
  type OutputStatistics,
  type Rebuilding,
  type ReconstructedLayer,
  type Reconstruction,
  type ReconstructOptions,
  reconstruct,
} from './rearchitect/reconstruct.ts';
export type { TransposedProduct } from './rearchitect/run_nodes.ts';
export { type Equalization, equalizeGraph } from './rearchitect/scale_graph.ts';
export {
  type LeftAlone,
  type SeparableLayers,
  type SeparablePair,
  separablePairs,
} from './rearchitect/separable_pairs.ts';
export { type RecognizedMobileNetV1, recognizeMobileNetV1 } from './recognize_mobilenet_v1.ts';
export {
  NETWORK_NAMES,
  type Network,
  type NetworkName,
  networkNamed,
  type VariantNetworkName,
} from './registry.ts';
export { RESNET_50_ROWS, type ResNetRow, resNet50Layers } from './resnet_50.ts';
export { type TransferOptions, type TransferReport, transferWeights } from './transfer_weights.ts';
export {
  activationIn,
  depthwiseActivationIn,
  FRIENDLY,
  NO_DEPTHWISE_BN,
  RELU,
  STANDARD,
  VARIANTS,
  type Variant,
  type VariantName,
  variantNamed,
} from './variants.ts';
