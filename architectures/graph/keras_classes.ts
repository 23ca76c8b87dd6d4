/** Keras' classes as nodes of a float graph. */
import { UnsupportedLayerError } from './errors.ts';
import type { FloatNode, FloatWeightedNode } from './float_node.ts';
import {
  activationOf,
  axisOf,
  baseOf,
  type KerasLayer,
  pair,
  reluLayer,
  windowPadding,
} from './keras_layer.ts';
import { affine } from './keras_several.ts';
import type { FloatArithmeticNode } from './operations/arithmetic.ts';
import type { FloatPoolNode } from './operations/pool2d.ts';
import { elements } from './shape.ts';
import { swapLast, transposedPlacement } from './transposed_window.ts';
import { dilatedWindow, NO_PADDING } from './window.ts';

type ReadLayer = (layer: KerasLayer) => FloatNode;

const CLASSES: ReadonlyMap<string, ReadLayer> = new Map<string, ReadLayer>([
  ['Conv2D', convolution('conv2d')],
  ['DepthwiseConv2D', convolution('depthwiseConv2d')],
  ['GroupedConv2D', convolution('conv2d')],
  ['Conv2DTranspose', transposedConvolution],
  ['Dense', dense],
  ['BatchNormalization', batchNorm],
  ['ReLU', relu],
  ['LeakyReLU', relu],
  ['PReLU', prelu],
  ['ThresholdedReLU', relu],
  ['GeneralReLU', relu],
  // TensorFlow.js has α = 1 alone.
  ['ELU', (layer) => ({ ...baseOf(layer), op: 'activation', activation: 'elu' })],
  ['Activation', activation],
  ['Softmax', softmax],
  ['ZeroPadding2D', zeroPadding],
  ['Dropout', onlyInTraining],
  ['GaussianNoise', onlyInTraining],
  ['GaussianDropout', onlyInTraining],
  ['AlphaDropout', onlyInTraining],
  ['Reshape', reshape],
  ['Flatten', reshape],
  ['Permute', permute],
  ['Cropping2D', cropping],
  ['UpSampling2D', upSampling],
  ['BilinearUpSampling2D', bilinearUpSampling],
  ['AveragePooling2D', pool('averagePool2d')],
  ['MaxPooling2D', pool('maxPool2d')],
  ['GlobalAveragePooling2D', globalAveragePool],
  ['Concatenate', (layer) => ({ ...baseOf(layer), op: 'concat', axis: axisOf(layer) })],
  ['Add', arithmetic('add')],
  ['Multiply', arithmetic('multiply')],
  ['Rescaling', rescaling],
  ['GraphOperation', graphOperation],
]);

/**
 * The layer as a node; a softmax that the layer brings along is left out.
 * @throws UnsupportedLayerError where the graph has no operation for it, or not with these options
 */
export function nodeOf(layer: KerasLayer): FloatNode {
  const read = CLASSES.get(layer.className);
  if (read === undefined) throw new UnsupportedLayerError(layer);
  return read(layer);
}

function onlyInTraining(layer: KerasLayer): FloatNode {
  return { ...baseOf(layer), op: 'dropout' };
}

function convolution(op: 'conv2d' | 'depthwiseConv2d'): ReadLayer {
  return (layer) => {
    const { config, weights } = layer;
    const [kernel] = weights;
    const kernelShape = kernel.shape as unknown as FloatWeightedNode['kernelShape'];
    const [kh, kw, channels, last] = kernelShape;
    const strides = pair(config.strides);
    const dilations = pair(config.dilation_rate ?? 1);
    // A group for each channel: [kh, kw, 1, C · mult] are the numbers of [kh, kw, C, mult].
    const groups = layer.inputShapes[0][2] / channels;
    const isDepthwise = op === 'conv2d' && groups > 1 && channels === 1;
    const isGrouped = op === 'conv2d' && groups > 1 && !isDepthwise;
    return {
      ...baseOf(layer),
      op: isDepthwise ? 'depthwiseConv2d' : op,
      kernel: kernel.data,
      kernelShape: isDepthwise ? [kh, kw, groups, last / groups] : kernelShape,
      bias: biasOf(layer, op === 'conv2d' ? last : channels * last),
      strides,
      padding: windowPadding(layer, dilatedWindow([kh, kw], dilations), strides),
      ...(dilations.some((rate) => rate !== 1) && { dilations }),
      ...(isGrouped && { groups }),
      activation: activationOf(layer),
    };
  };
}

/** Keras' kernel is [kh, kw, M, C]. */
function transposedConvolution(layer: KerasLayer): FloatNode {
  const { config, weights, inputShapes, outputShape } = layer;
  const [kernel] = weights;
  const [kh, kw, outputs, depth] = kernel.shape;
  const strides = pair(config.strides);
  const kind = config.padding;
  if (kind !== 'same' && kind !== 'valid') {
    throw new UnsupportedLayerError(layer, `the padding ${String(kind)}`);
  }
  return {
    ...baseOf(layer),
    op: 'transposedConv2d',
    kernel: swapLast(kernel.data, outputs, depth),
    kernelShape: [kh, kw, depth, outputs],
    bias: biasOf(layer, outputs),
    strides,
    ...transposedPlacement(inputShapes[0], outputShape, [kh, kw], strides, kind),
    activation: activationOf(layer),
  };
}

function prelu(layer: KerasLayer): FloatNode {
  const [alpha] = layer.weights;
  return { ...baseOf(layer), op: 'prelu', alpha: alpha.data, alphaShape: alpha.shape };
}

function dense(layer: KerasLayer): FloatNode {
  const [kernel] = layer.weights;
  const [depth, outputs] = kernel.shape;
  const [input] = layer.inputShapes;
  const common = {
    ...baseOf(layer),
    kernel: kernel.data,
    kernelShape: [1, 1, depth, outputs],
    bias: biasOf(layer, outputs),
    strides: [1, 1],
    padding: NO_PADDING,
    activation: activationOf(layer),
  } as const;
  if (depth === elements(input)) {
    const keepDims = layer.outputShape.length === 3;
    return { ...common, op: 'fullyConnected', ...(keepDims && { keepDims }) };
  }
  // The same of each pixel.
  if (input.length === 3) return { ...common, op: 'conv2d' };
  throw new UnsupportedLayerError(layer, `[${input}] as its input; flatten it`);
}

/** Inside of a network; that of its images is their range. */
function rescaling(layer: KerasLayer): FloatNode {
  const { scale = 1, offset = 0 } = layer.config;
  const activation = affine(scale as number, offset as number);
  return { ...baseOf(layer), op: 'activation', activation };
}

function biasOf({ weights }: KerasLayer, outputs: number): Float32Array {
  return weights[1]?.data ?? new Float32Array(outputs);
}

function batchNorm(layer: KerasLayer): FloatNode {
  const { config } = layer;
  const weights = [...layer.weights];
  const channels = weights[0].data.length;
  const take = (present: unknown, otherwise: number): Float32Array =>
    present === false ? new Float32Array(channels).fill(otherwise) : weights.shift()!.data;
  const gamma = take(config.scale, 1);
  const beta = take(config.center, 0);
  const [mean, variance] = [weights[0].data, weights[1].data];
  const epsilon = config.epsilon as number;
  return {
    ...baseOf(layer),
    op: 'batchNorm',
    axis: axisOf(layer),
    gamma,
    beta,
    mean,
    variance,
    epsilon,
  };
}

function relu(layer: KerasLayer): FloatNode {
  return { ...baseOf(layer), op: 'activation', activation: reluLayer(layer) };
}

function activation(layer: KerasLayer): FloatNode {
  if (layer.config.activation === 'softmax') return { ...baseOf(layer), op: 'softmax' };
  return { ...baseOf(layer), op: 'activation', activation: activationOf(layer) };
}

function softmax(layer: KerasLayer): FloatNode {
  const { axis } = layer.config;
  if (axis !== undefined && axisOf(layer) !== -1) {
    const channels = layer.inputShapes[0].length;
    const what = `a softmax over its axis ${String(axis)}; it has one over channels (axis ${channels})`;
    throw new UnsupportedLayerError(layer, what);
  }
  return { ...baseOf(layer), op: 'softmax' };
}

function zeroPadding(layer: KerasLayer): FloatNode {
  const [[top, bottom], [left, right]] = layer.config.padding as [
    [number, number],
    [number, number],
  ];
  return { ...baseOf(layer), op: 'pad', padding: { top, bottom, left, right } };
}

function reshape(layer: KerasLayer): FloatNode {
  return { ...baseOf(layer), op: 'reshape', target: layer.outputShape };
}

/** Keras counts the axes from 1, the batch not counted. */
function permute(layer: KerasLayer): FloatNode {
  const dims = layer.config.dims as readonly number[];
  return { ...baseOf(layer), op: 'transpose', permutation: dims.map((axis) => axis - 1) };
}

function cropping(layer: KerasLayer): FloatNode {
  const [[top], [left]] = layer.config.cropping as [[number, number], [number, number]];
  const { outputShape: size } = layer;
  return { ...baseOf(layer), op: 'slice', begin: [top, left, 0], size, strides: [1, 1, 1] };
}

/** TensorFlow.js counts places from the corner. */
function upSampling(layer: KerasLayer): FloatNode {
  const [height, width] = layer.outputShape;
  const method = layer.config.interpolation === 'bilinear' ? 'bilinear' : 'nearest';
  return { ...baseOf(layer), op: 'resize', size: [height, width], method, corners: 'asymmetric' };
}

/** As Keras has it: from the middle of each place. */
function bilinearUpSampling(layer: KerasLayer): FloatNode {
  const [height, width] = layer.outputShape;
  const size = [height, width] as const;
  return { ...baseOf(layer), op: 'resize', size, method: 'bilinear', corners: 'halfPixel' };
}

function pool(op: FloatPoolNode['op']): ReadLayer {
  return (layer) => {
    const windowShape = pair(layer.config.pool_size);
    const strides = pair(layer.config.strides);
    const padding = windowPadding(layer, windowShape, strides);
    return { ...baseOf(layer), op, windowShape, strides, padding };
  };
}

function globalAveragePool(layer: KerasLayer): FloatNode {
  const keepDims = layer.outputShape.length === 3;
  return { ...baseOf(layer), op: 'globalAveragePool', ...(keepDims && { keepDims }) };
}

function arithmetic(op: FloatArithmeticNode['op']): ReadLayer {
  return (layer) => ({ ...baseOf(layer), op, activation: 'linear' });
}

/** A node's fields as they are; TensorFlow.js writes names_like_this where they are namesLikeThis. */
function graphOperation(layer: KerasLayer): FloatNode {
  const operation = layer.config.operation as Readonly<Record<string, unknown>>;
  const fields = Object.entries(operation).map(([key, value]) => [
    inCamelCase(key),
    inCamelCase(value),
  ]);
  const { name, inputs } = layer;
  const node = Object.fromEntries(fields) as FloatNode;
  return { ...node, name, inputs, className: node.op };
}

function inCamelCase(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
