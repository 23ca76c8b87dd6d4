/**
 * Tells a MobileNetV1 by its structure, whatever its layers are called: Keras' `conv_dw_1`, slim's
 * `Conv2d_1_depthwise` or the nodes of a graph.
 */
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from './build_mobilenet_v1.ts';
import {
  BATCH_NORM_EPSILON,
  batchNormOf,
  type ConvLayer,
  widthMultiplierOf,
} from './conv_layer.ts';
import { type ChainBlock, readBlocks } from './graph/blocks.ts';
import { GraphError } from './graph/errors.ts';
import type { FloatGraph } from './graph/float_graph.ts';
import { absorbPadding } from './graph/passes/absorb_padding.ts';
import { dropIdentities } from './graph/passes/drop_identities.ts';
import { dropReshapes } from './graph/passes/drop_reshapes.ts';
import { dropSoftmax } from './graph/passes/drop_softmax.ts';
import { vectorsAsImages } from './graph/passes/vectors_as_images.ts';
import { readLayersModel } from './graph/read_layers_model.ts';
import { isSameShape, type Shape } from './graph/shape.ts';
import { isSamePadding } from './graph/window.ts';
import {
  convLayers,
  LAST_FILTERS,
  MOBILENET_V1_ROWS,
  type MobileNetV1Config,
} from './mobilenet_v1.ts';
import { FRIENDLY, NO_DEPTHWISE_BN, STANDARD, type Variant } from './variants.ts';

/** Between a batch norm's ε and ours: they are stored in single precision. */
const EPSILON_TOLERANCE = 1e-6;

export interface RecognizedMobileNetV1 {
  readonly config: MobileNetV1Config;
  /**
   * Layers whose batch norm had been folded into their weights: the rebuilt network has one there that
   * changes nothing.
   */
  readonly foldedBatchNorms: readonly string[];
  /** The network with slim's endpoint names; its own weights. */
  readonly model: tf.LayersModel;
}

/**
 * Rebuilds a MobileNetV1 with slim's endpoint names: the same function, up to a softmax at the end where
 * the model has none. The model stays as it was.
 * @returns undefined where the model is another network
 */
export function recognizeMobileNetV1(
  model: tf.LayersModel | FloatGraph,
): RecognizedMobileNetV1 | undefined {
  const graph = graphOf(model);
  const blocks = graph && readBlocks(graph);
  if (graph === undefined || blocks === undefined) return undefined;
  const config = configOf(graph.input.shape, blocks);
  if (config === undefined) return undefined;
  const layers = convLayers(config);
  if (!layers.every((layer, index) => fits(layer, blocks[index]))) return undefined;
  const rebuilt = buildMobileNetV1(config);
  const foldedBatchNorms: string[] = [];
  layers.forEach((layer, index) => {
    if (copyWeights(layer, blocks[index], rebuilt)) foldedBatchNorms.push(layer.name);
  });
  return { config, foldedBatchNorms, model: rebuilt };
}

/** The network without what changes nothing; undefined where it is no graph. */
function graphOf(model: tf.LayersModel | FloatGraph): FloatGraph | undefined {
  const passes = [dropIdentities, vectorsAsImages, dropReshapes, dropSoftmax, absorbPadding];
  try {
    return passes.reduce(
      (graph, pass) => pass(graph),
      'shapes' in model ? model : readLayersModel(model),
    );
  } catch (error) {
    if (error instanceof GraphError) return undefined;
    throw error;
  }
}

function configOf(
  [height, width, channels]: Shape,
  blocks: readonly ChainBlock[],
): MobileNetV1Config | undefined {
  if (height !== width || height < 32 || channels !== 3) return undefined;
  const [, depthwise, pointwise] = blocks;
  const last = blocks.at(-2);
  // The first convolution, a depthwise and a pointwise one for each other row, the logits.
  if (blocks.length !== 2 * MOBILENET_V1_ROWS.length || last === undefined) return undefined;
  const variant = variantOf(depthwise, pointwise);
  const classes = outputsOf(blocks.at(-1)!);
  if (variant === undefined || classes < 2) return undefined;
  const widthMultiplier = widthMultiplierOf(outputsOf(last), LAST_FILTERS);
  return { variant, widthMultiplier, resolution: height, classes };
}

/** L2 leaves no trace in the network: of the two variants with ReLU, the one that is meant for 8 bits. */
function variantOf(depthwise: ChainBlock, pointwise: ChainBlock): Variant | undefined {
  if (depthwise.activation === 'relu6') return STANDARD;
  if (depthwise.activation !== 'linear' || depthwise.batchNorm !== undefined) return undefined;
  return pointwise.activation === 'relu' ? FRIENDLY : NO_DEPTHWISE_BN;
}

function outputsOf({ convolution }: ChainBlock): number {
  return convolution.bias.length;
}

function fits(
  layer: ConvLayer,
  { convolution, inputShape, batchNorm, activation }: ChainBlock,
): boolean {
  const isDepthwise = layer.kind === 'depthwise';
  const channels = layer.inputShape[2];
  const kernel = [...layer.kernel, channels, isDepthwise ? 1 : layer.outputShape[2]];
  return (
    (convolution.op === 'depthwiseConv2d') === isDepthwise &&
    isSameShape(convolution.kernelShape, kernel) &&
    convolution.strides.every((stride) => stride === layer.stride) &&
    !('dilations' in convolution) &&
    isSameShape(inputShape, layer.inputShape) &&
    isSamePadding(convolution.padding, inputShape, layer.kernel, convolution.strides) &&
    activation === layer.activation &&
    (batchNorm === undefined ||
      (layer.batchNorm && Math.abs(batchNorm.epsilon - BATCH_NORM_EPSILON) < EPSILON_TOLERANCE))
  );
}

/** Sets a layer's weights; whether its batch norm had to be made up. */
function copyWeights(layer: ConvLayer, block: ChainBlock, target: tf.LayersModel): boolean {
  const { kernel, kernelShape, bias } = block.convolution;
  const { batchNorm } = block;
  const channels = layer.outputShape[2];
  const { name } = layer;
  setWeights(target, name, [
    { values: kernel, shape: [...layer.kernel, layer.inputShape[2], kernelShape[3]] },
    ...(layer.bias ? [{ values: bias, shape: [channels] }] : []),
  ]);
  if (!layer.batchNorm) return false;
  const zeros = new Float32Array(channels);
  const ones = zeros.map(() => 1);
  const values =
    batchNorm === undefined
      ? // σ² + ε = 1: only the bias is left of it.
        [ones, bias, zeros, ones.map((one) => one - BATCH_NORM_EPSILON)]
      : [
          batchNorm.gamma,
          batchNorm.beta,
          // BN(x + b) is that of x with the mean μ − b.
          batchNorm.mean.map((mean, channel) => mean - bias[channel]),
          batchNorm.variance,
        ];
  setWeights(
    target,
    batchNormOf(name),
    values.map((vector) => ({ values: vector, shape: [channels] })),
  );
  return batchNorm === undefined;
}

/** Sets a layer's weights, in the order of `layer.getWeights()`. */
function setWeights(
  model: tf.LayersModel,
  name: string,
  weights: readonly { readonly values: Float32Array; readonly shape: readonly number[] }[],
): void {
  tf.tidy(() =>
    model
      .getLayer(name)
      .setWeights(weights.map(({ values, shape }) => tf.tensor(values, [...shape]))),
  );
}
