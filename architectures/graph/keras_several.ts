/** Keras' layers that are several nodes of a float graph, the last by the layer's name. */
import type { FloatNode, FloatWeightedNode } from './float_node.ts';
import { activationOf, baseOf, type KerasLayer, pair, windowPadding } from './keras_layer.ts';
import type { Activation } from './operations/activation_function.ts';
import type { NodeBase } from './operations/operation.ts';
import { dilatedWindow, NO_PADDING } from './window.ts';

type ReadLayer = (layer: KerasLayer) => FloatNode[];

const CLASSES: ReadonlyMap<string, ReadLayer> = new Map<string, ReadLayer>([
  ['Maximum', extreme('maximum')],
  ['Minimum', extreme('minimum')],
  ['Average', average],
  ['GlobalMaxPooling2D', globalMaxPool],
  ['SeparableConv2D', separableConvolution],
]);

/** The layer's nodes; undefined of a layer that is one. */
export function severalNodes(layer: KerasLayer): FloatNode[] | undefined {
  return CLASSES.get(layer.className)?.(layer);
}

function extreme(op: 'maximum' | 'minimum'): ReadLayer {
  return (layer) => extremeNodes(op, baseOf(layer));
}

/** The greatest or least of two tensors and more, two by two. */
export function extremeNodes(op: 'maximum' | 'minimum', base: NodeBase): FloatNode[] {
  const { name, inputs } = base;
  const [first, ...others] = inputs;
  let a = first;
  return others.map((b, index): FloatNode => {
    const result = index === others.length - 1 ? name : `${name}/${index + 1}`;
    const node: FloatNode = { ...base, op, name: result, inputs: [a, b] };
    a = result;
    return node;
  });
}

/** The sum, and its part. */
function average(layer: KerasLayer): FloatNode[] {
  const sum = `${layer.name}/sum`;
  return [
    { ...baseOf(layer), op: 'add', name: sum, activation: 'linear' },
    {
      ...baseOf(layer),
      op: 'activation',
      inputs: [sum],
      activation: affine(1 / layer.inputs.length, 0),
    },
  ];
}

/** scale · x + shift */
export function affine(scale: number, shift: number): Activation {
  return { kind: 'composed', expression: { kind: 'affine', of: { kind: 'x' }, scale, shift } };
}

/** The greatest of each channel, as a vector, or as an image of one pixel. */
function globalMaxPool(layer: KerasLayer): FloatNode[] {
  const [[height, width]] = layer.inputShapes;
  const isImage = layer.outputShape.length === 3;
  const pool = isImage ? layer.name : `${layer.name}/pool`;
  const pooled: FloatNode = {
    ...baseOf(layer),
    op: 'maxPool2d',
    name: pool,
    windowShape: [height, width],
    strides: [1, 1],
    padding: NO_PADDING,
  };
  if (isImage) return [pooled];
  return [pooled, { ...baseOf(layer), op: 'reshape', inputs: [pool], target: layer.outputShape }];
}

/** A depthwise convolution, and one of 1 × 1 that has the bias and the activation. */
function separableConvolution(layer: KerasLayer): FloatNode[] {
  const { name, config, weights } = layer;
  const [depthwise, pointwise, bias] = weights;
  const depthwiseShape = depthwise.shape as unknown as FloatWeightedNode['kernelShape'];
  const pointwiseShape = pointwise.shape as unknown as FloatWeightedNode['kernelShape'];
  const [kh, kw, channels, multiplier] = depthwiseShape;
  const strides = pair(config.strides);
  const dilations = pair(config.dilation_rate ?? 1);
  const first = `${name}/depthwise`;
  return [
    {
      ...baseOf(layer),
      op: 'depthwiseConv2d',
      name: first,
      kernel: depthwise.data,
      kernelShape: depthwiseShape,
      bias: new Float32Array(channels * multiplier),
      strides,
      padding: windowPadding(layer, dilatedWindow([kh, kw], dilations), strides),
      ...(dilations.some((rate) => rate !== 1) && { dilations }),
      activation: 'linear',
    },
    {
      ...baseOf(layer),
      op: 'conv2d',
      inputs: [first],
      kernel: pointwise.data,
      kernelShape: pointwiseShape,
      bias: bias?.data ?? new Float32Array(pointwiseShape[3]),
      strides: [1, 1],
      padding: NO_PADDING,
      activation: activationOf(layer),
    },
  ];
}
