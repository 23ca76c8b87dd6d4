/**
 * Tells a MobileNetV1 by its structure, whatever its layers are called: Keras' `conv_dw_1`, slim's
 * `Conv2d_1_depthwise` or the nodes of a graph.
 */
import type * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from './build_mobilenet_v1.ts';
import {
  BATCH_NORM_EPSILON,
  batchNormOf,
  type ConvLayer,
  widthMultiplierOf,
} from './conv_layer.ts';
import { type ChainBlock, readBlocks, setWeights } from './layer_chain.ts';
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
export function recognizeMobileNetV1(model: tf.LayersModel): RecognizedMobileNetV1 | undefined {
  const blocks = readBlocks(model);
  const config = blocks && configOf(model, blocks);
  if (blocks === undefined || config === undefined) return undefined;
  const layers = convLayers(config);
  if (!layers.every((layer, index) => fits(layer, blocks[index]))) return undefined;
  const rebuilt = buildMobileNetV1(config);
  const foldedBatchNorms: string[] = [];
  layers.forEach((layer, index) => {
    if (copyWeights(layer, blocks[index], rebuilt)) foldedBatchNorms.push(layer.name);
  });
  return { config, foldedBatchNorms, model: rebuilt };
}

function configOf(
  model: tf.LayersModel,
  blocks: readonly ChainBlock[],
): MobileNetV1Config | undefined {
  const [, height, width, channels] = model.inputs[0].shape;
  if (typeof height !== 'number' || height !== width || height < 32 || channels !== 3) return;
  const [, depthwise, pointwise] = blocks;
  const last = blocks.at(-2);
  // The first convolution, a depthwise and a pointwise one for each other row, the logits.
  if (blocks.length !== 2 * MOBILENET_V1_ROWS.length || last === undefined) return undefined;
  const variant = variantOf(depthwise, pointwise);
  const classes = blocks.at(-1)!.outputs;
  if (variant === undefined || classes < 2) return undefined;
  const widthMultiplier = widthMultiplierOf(last.outputs, LAST_FILTERS);
  return { variant, widthMultiplier, resolution: height, classes };
}

/** L2 leaves no trace in the network: of the two variants with ReLU, the one that is meant for 8 bits. */
function variantOf(depthwise: ChainBlock, pointwise: ChainBlock): Variant | undefined {
  if (depthwise.activation === 'relu6') return STANDARD;
  if (depthwise.activation !== 'linear' || depthwise.batchNorm !== undefined) return undefined;
  return pointwise.activation === 'relu' ? FRIENDLY : NO_DEPTHWISE_BN;
}

function fits(layer: ConvLayer, block: ChainBlock): boolean {
  const isDepthwise = layer.kind === 'depthwise';
  const channels = layer.inputShape[2];
  const kernel = [...layer.kernel, channels, isDepthwise ? 1 : layer.outputShape[2]];
  const hasBatchNorm = block.batchNorm !== undefined;
  return (
    block.isDepthwise === isDepthwise &&
    block.kernelShape.join() === kernel.join() &&
    block.strides.every((stride) => stride === layer.stride) &&
    block.inputShape.join() === layer.inputShape.join() &&
    block.isSamePadded &&
    block.activation === layer.activation &&
    (!hasBatchNorm || layer.batchNorm) &&
    (!hasBatchNorm || Math.abs(block.batchNorm.epsilon - BATCH_NORM_EPSILON) < EPSILON_TOLERANCE)
  );
}

/** Sets a layer's weights; whether its batch norm had to be made up. */
function copyWeights(layer: ConvLayer, block: ChainBlock, target: tf.LayersModel): boolean {
  const { kernel, bias, batchNorm } = block;
  const channels = layer.outputShape[2];
  const { name } = layer;
  const shape = [...layer.kernel, layer.inputShape[2], block.kernelShape[3]];
  const zeros = () => new Float32Array(channels);
  setWeights(target, name, [
    { values: kernel, shape },
    ...(layer.bias ? [{ values: bias ?? zeros(), shape: [channels] }] : []),
  ]);
  if (!layer.batchNorm) return false;
  const ones = new Float32Array(channels).fill(1);
  const values =
    batchNorm === undefined
      ? // σ² + ε = 1: only the bias is left of it.
        [ones, bias ?? zeros(), zeros(), ones.map((one) => one - BATCH_NORM_EPSILON)]
      : [
          batchNorm.gamma ?? ones,
          batchNorm.beta ?? zeros(),
          // BN(x + b) is that of x with the mean μ − b.
          batchNorm.mean.map((mean, channel) => mean - (bias?.[channel] ?? 0)),
          batchNorm.variance,
        ];
  setWeights(
    target,
    batchNormOf(name),
    values.map((vector) => ({ values: vector, shape: [channels] })),
  );
  return batchNorm === undefined;
}
