/** A LayersModel that is one chain, as convolutions with what comes before and after each. */
import * as tf from '@tensorflow/tfjs';
import { samePadding } from './graph/window.ts';

export interface ChainBatchNorm {
  /** [C]; undefined where the layer has none. */
  readonly gamma: Float32Array | undefined;
  readonly beta: Float32Array | undefined;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/** A convolution or dense layer, its padding, batch norm and activation. */
export interface ChainBlock {
  readonly isDepthwise: boolean;
  /** [kh, kw, C, M]; a dense layer is one of 1 × 1. */
  readonly kernelShape: readonly number[];
  readonly kernel: Float32Array;
  /** Output channels. */
  readonly outputs: number;
  readonly bias: Float32Array | undefined;
  readonly strides: readonly [number, number];
  /** [H, W, C] before padding. */
  readonly inputShape: readonly number[];
  /** Zeros around the image as TensorFlow's "same" puts them. */
  readonly isSamePadded: boolean;
  readonly batchNorm: ChainBatchNorm | undefined;
  readonly activation: 'relu6' | 'relu' | 'linear';
}

type Config = Readonly<Record<string, unknown>>;
type Sides = readonly [readonly [number, number], readonly [number, number]];

const NO_SIDES: Sides = [
  [0, 0],
  [0, 0],
];

/**
 * The convolutions of a chain in order; the mean over the image stands before the last one.
 * @returns undefined where the model is no chain, or has a layer that no MobileNetV1 has
 */
export function readBlocks(model: tf.LayersModel): ChainBlock[] | undefined {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) return undefined;
  const reader = new ChainReader();
  let before: tf.layers.Layer | undefined;
  for (const layer of model.layers) {
    const sources = layer.inboundNodes.map((node) => node.inboundLayers);
    const isNext =
      before === undefined
        ? layer.getClassName() === 'InputLayer'
        : sources.length === 1 && sources[0].length === 1 && sources[0][0] === before;
    if (!isNext || !reader.read(layer)) return undefined;
    before = layer;
  }
  return reader.isWhole ? reader.blocks : undefined;
}

/** Sets a layer's weights, in the order of `layer.getWeights()`. */
export function setWeights(
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

class ChainReader {
  readonly blocks: ChainBlock[] = [];
  private padding: Sides = NO_SIDES;
  private hasPool = false;
  private hasEnded = false;

  /** Nothing is left over. */
  get isWhole(): boolean {
    return this.hasPool && this.padding === NO_SIDES;
  }

  /** Whether the layer may stand here. */
  read(layer: tf.layers.Layer): boolean {
    const config = layer.getConfig() as Config;
    const className = layer.getClassName();
    switch (className) {
      case 'InputLayer':
      case 'Dropout':
        return true;
      case 'Reshape':
      case 'Flatten':
        // Of the pooled features or the logits.
        return this.hasPool && this.padding === NO_SIDES;
      case 'ZeroPadding2D':
        if (this.padding !== NO_SIDES || this.hasPool) return false;
        this.padding = config.padding as Sides;
        return true;
      case 'Conv2D':
      case 'DepthwiseConv2D':
      case 'Dense':
        return this.convolution(layer, className, config);
      case 'BatchNormalization':
        return this.batchNorm(layer, config);
      case 'ReLU':
        if (config.max_value === 6 || config.maxValue === 6) return this.activate('relu6');
        return (config.max_value ?? config.maxValue ?? null) === null && this.activate('relu');
      case 'Activation':
        return this.activation(config.activation);
      case 'Softmax':
        return this.activation('softmax');
      case 'GlobalAveragePooling2D':
        return this.pool();
      case 'AveragePooling2D': {
        const [, height, width] = layer.outputShape as (number | null)[];
        return height === 1 && width === 1 && config.padding === 'valid' && this.pool();
      }
      default:
        return false;
    }
  }

  private convolution(layer: tf.layers.Layer, className: string, config: Config): boolean {
    if (this.hasEnded || (config.dataFormat ?? config.data_format) === 'channels_first')
      return false;
    const inputs = (layer.input as tf.SymbolicTensor).shape.slice(1);
    if (inputs.includes(null)) return false;
    const [kernel, bias] = layer.getWeights();
    const isDense = className === 'Dense';
    const kernelShape = isDense ? [1, 1, ...kernel.shape] : kernel.shape;
    const strides = sides(isDense ? 1 : config.strides);
    const inputShape = inputs.length === 1 ? [1, 1, inputs[0]!] : (inputs as number[]);
    if (sides(config.dilationRate ?? config.dilation_rate ?? 1).some((rate) => rate !== 1)) {
      return false;
    }
    const isSamePadded =
      this.padding === NO_SIDES && config.padding === 'same'
        ? true
        : (isDense || config.padding === 'valid') &&
          isSamePadding(inputShape, kernelShape, strides, this.padding);
    const unpadded = this.padding;
    this.padding = NO_SIDES;
    this.blocks.push({
      isDepthwise: className === 'DepthwiseConv2D',
      kernelShape,
      kernel: valuesOf(kernel),
      outputs: layer.outputShape.at(-1) as number,
      bias: bias && valuesOf(bias),
      strides,
      inputShape: withoutPadding(inputShape, unpadded),
      isSamePadded,
      batchNorm: undefined,
      activation: 'linear',
    });
    this.hasEnded = this.hasPool;
    return config.activation === undefined || this.activation(config.activation);
  }

  private batchNorm(layer: tf.layers.Layer, config: Config): boolean {
    const block = this.blocks.at(-1);
    if (block === undefined || block.batchNorm !== undefined || block.activation !== 'linear') {
      return false;
    }
    if (this.hasPool || this.padding !== NO_SIDES) return false;
    const weights = layer.getWeights().map(valuesOf);
    const gamma = config.scale === false ? undefined : weights.shift();
    const beta = config.center === false ? undefined : weights.shift();
    const [mean, variance] = weights;
    const epsilon = config.epsilon as number;
    this.replace({ batchNorm: { gamma, beta, mean, variance: variance, epsilon } });
    return true;
  }

  private activation(name: unknown): boolean {
    if (name === 'linear') return true;
    // At the end only: the last layer's probabilities.
    if (name === 'softmax') return this.hasEnded && this.blocks.at(-1)!.activation === 'linear';
    return (name === 'relu' || name === 'relu6') && this.activate(name);
  }

  private activate(activation: 'relu' | 'relu6'): boolean {
    const block = this.blocks.at(-1);
    const isFree = block?.activation === 'linear' && !this.hasPool && this.padding === NO_SIDES;
    if (isFree) this.replace({ activation });
    return isFree;
  }

  private pool(): boolean {
    const isFirst = !this.hasPool && this.padding === NO_SIDES;
    this.hasPool = true;
    return isFirst;
  }

  private replace(change: Partial<ChainBlock>): void {
    this.blocks.push({ ...this.blocks.pop()!, ...change });
  }
}

function valuesOf(tensor: tf.Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync<'float32'>());
}

function sides(value: unknown): [number, number] {
  return Array.isArray(value) ? [value[0], value[1]] : [value as number, value as number];
}

function withoutPadding([height, width, channels]: readonly number[], padding: Sides): number[] {
  const [[top, bottom], [left, right]] = padding;
  return [height - top - bottom, width - left - right, channels];
}

/** Whether the zeros around an image are those of "same". @param padded [H, W, C] with them */
function isSamePadding(
  padded: readonly number[],
  kernelShape: readonly number[],
  strides: readonly [number, number],
  padding: Sides,
): boolean {
  const [[top, bottom], [left, right]] = padding;
  const size = withoutPadding(padded, padding);
  const same = samePadding(size, [kernelShape[0], kernelShape[1]], strides);
  return same.top === top && same.bottom === bottom && same.left === left && same.right === right;
}
