import * as tf from '@tensorflow/tfjs';
import { UnsupportedLayerError } from './errors.ts';
import { type FloatGraph, shapeIn } from './float_graph.ts';
import { type FloatNode, isActivated } from './float_node.ts';
import { GraphOperation, type LayerOperation } from './graph_operation.ts';
import { GroupedConv2d } from './grouped_conv2d.ts';
import { kerasAxis } from './keras_layer.ts';
import type { Activation } from './operations/activation_function.ts';
import type { FloatTransposedConv2dNode } from './operations/transposed_conv2d.ts';
import type { Shape } from './shape.ts';
import { swapLast, transposedSize } from './transposed_window.ts';
import { isPadded, isSamePadding, type Padding, samePadding } from './window.ts';

/** Our names of activations that Keras calls otherwise. */
const KERAS_NAMES: Readonly<Record<string, string>> = { hardSigmoid: 'hard_sigmoid' };

/** Weights of a layer, in the order of `setWeights`. */
type LayerWeights = readonly { readonly values: Float32Array; readonly shape: readonly number[] }[];

/**
 * A graph as a functional LayersModel, to be trained: the same function. Layers are called like the
 * nodes; of several for one node the last one is. What Keras has no layer for is a `GraphOperation`.
 * @throws UnsupportedLayerError naming an operation that no layer has
 */
export function layersModelOf(graph: FloatGraph): tf.LayersModel {
  const { input, nodes, outputs, name } = graph;
  const source = tf.input({ shape: [...input.shape], name: input.name });
  const made = new Map<string, tf.SymbolicTensor>([[input.name, source]]);
  const writer = new LayerWriter();
  for (const node of nodes) {
    const inputs = node.inputs.map((tensor) => made.get(tensor)!);
    const shape = shapeIn(graph, node.inputs[0]);
    made.set(node.name, writer.write(node, inputs, shape, shapeIn(graph, node.name)));
  }
  const model = tf.model({ inputs: source, outputs: outputs.map((each) => made.get(each)!), name });
  writer.setWeights();
  return model;
}

class LayerWriter {
  private readonly weights: [tf.layers.Layer, LayerWeights][] = [];

  /** Layers have their weights when their model is made. */
  setWeights(): void {
    tf.tidy(() => {
      for (const [layer, weights] of this.weights) {
        layer.setWeights(weights.map(({ values, shape }) => tf.tensor(values, [...shape])));
      }
    });
  }

  /** @param inputShape of the first input */
  write(
    node: FloatNode,
    inputs: tf.SymbolicTensor[],
    inputShape: Shape,
    outputShape: Shape,
  ): tf.SymbolicTensor {
    const activation = isActivated(node) ? node.activation : 'linear';
    const name = activation === 'linear' ? node.name : `${node.name}/${node.op}`;
    const y = this.operation(node, name, inputs, { inputShape, outputShape });
    return activation === 'linear' ? y : apply(activationLayer(node, activation), y);
  }

  private operation(
    node: FloatNode,
    name: string,
    inputs: tf.SymbolicTensor[],
    { inputShape, outputShape }: { readonly inputShape: Shape; readonly outputShape: Shape },
  ): tf.SymbolicTensor {
    const [x] = inputs;
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d': {
        const [kh, kw, , filters] = node.kernelShape;
        const { padding, strides, dilations } = node;
        const window = dilations === undefined ? ([kh, kw] as const) : undefined;
        const padded = this.padded(name, x, inputShape, padding, window, strides);
        const config = {
          name,
          kernelSize: [kh, kw] as [number, number],
          strides: [...strides] as [number, number],
          padding: padded.padding,
          ...(dilations !== undefined && { dilationRate: [...dilations] as [number, number] }),
        };
        if (node.op === 'depthwiseConv2d' && dilations !== undefined) {
          const groups = node.kernelShape[2];
          const outputs = groups * filters;
          const spaced = { ...config, filters: outputs, dilationRate: dilations, groups };
          const layer = new GroupedConv2d({ ...spaced, useBias: true });
          this.weights.push([layer, weightsOf(node.kernel, [kh, kw, 1, outputs], node.bias)]);
          return apply(layer, padded.x);
        }
        if (node.op === 'conv2d' && node.groups !== undefined) {
          const { groups } = node;
          const rates = dilations ?? ([1, 1] as const);
          const grouped = { ...config, filters, groups, dilationRate: rates, useBias: true };
          const layer = new GroupedConv2d(grouped);
          this.weights.push([layer, weightsOf(node.kernel, node.kernelShape, node.bias)]);
          return apply(layer, padded.x);
        }
        const layer =
          node.op === 'conv2d'
            ? tf.layers.conv2d({ ...config, filters })
            : tf.layers.depthwiseConv2d({ ...config, depthMultiplier: filters });
        this.weights.push([layer, weightsOf(node.kernel, node.kernelShape, node.bias)]);
        return apply(layer, padded.x);
      }
      case 'transposedConv2d': {
        const [kh, kw, depth, filters] = node.kernelShape;
        const window = [kh, kw] as const;
        const strides: [number, number] = [...node.strides];
        const padding = isSameTransposed(node, inputShape, outputShape) ? 'same' : 'valid';
        const whole = transposedSize(inputShape, window, strides, padding);
        const isWhole = whole[0] === outputShape[0] && whole[1] === outputShape[1];
        const layer = tf.layers.conv2dTranspose({
          name: isWhole ? name : `${name}/whole`,
          filters,
          kernelSize: [kh, kw],
          strides,
          padding,
        });
        // Keras has the outputs in front.
        const kernel = swapLast(node.kernel, depth, filters);
        this.weights.push([layer, weightsOf(kernel, [kh, kw, filters, depth], node.bias)]);
        const y = apply(layer, x);
        return isWhole ? y : this.cut(node, name, y, { whole, outputShape });
      }
      case 'prelu': {
        const { alpha, alphaShape } = node;
        const sharedAxes = alphaShape.flatMap((side, axis) =>
          side === 1 && inputShape[axis] !== 1 ? [axis + 1] : [],
        );
        const layer = tf.layers.prelu({ name, sharedAxes });
        this.weights.push([layer, [{ values: alpha, shape: alphaShape }]]);
        return apply(layer, x);
      }
      case 'fullyConnected': {
        const [, , depth, units] = node.kernelShape;
        const layer = tf.layers.dense({ name: node.keepDims ? `${name}/dense` : name, units });
        this.weights.push([layer, weightsOf(node.kernel, [depth, units], node.bias)]);
        const flat = inputShape.length === 1 ? x : this.reshaped(`${name}/flatten`, x, [depth]);
        const y = apply(layer, flat);
        return node.keepDims ? this.reshaped(name, y, outputShape) : y;
      }
      case 'batchNorm': {
        const { axis, epsilon, gamma, beta, mean, variance } = node;
        const layer = tf.layers.batchNormalization({ name, axis, epsilon });
        this.weights.push([
          layer,
          [gamma, beta, mean, variance].map((values) => ({ values, shape: [values.length] })),
        ]);
        return apply(layer, x);
      }
      case 'averagePool2d':
      case 'maxPool2d': {
        const { windowShape, strides } = node;
        const padding = poolPadding(node, inputShape);
        const config = {
          name,
          poolSize: [...windowShape] as [number, number],
          strides: [...strides] as [number, number],
          padding,
        };
        const { averagePooling2d, maxPooling2d } = tf.layers;
        return apply(node.op === 'maxPool2d' ? maxPooling2d(config) : averagePooling2d(config), x);
      }
      case 'globalAveragePool': {
        const { keepDims = false } = node;
        const layer = tf.layers.globalAveragePooling2d({
          name: keepDims ? `${name}/mean` : name,
          dataFormat: 'channelsLast',
        });
        const y = apply(layer, x);
        return keepDims ? this.reshaped(name, y, outputShape) : y;
      }
      case 'activation':
        return apply(activationLayer(node, node.activation), x);
      case 'add':
        return apply(tf.layers.add({ name }), inputs);
      case 'multiply':
        return apply(tf.layers.multiply({ name }), inputs);
      case 'maximum':
        return apply(tf.layers.maximum({ name }), inputs);
      case 'minimum':
        return apply(tf.layers.minimum({ name }), inputs);
      case 'concat':
        return apply(
          tf.layers.concatenate({ name, axis: kerasAxis(node.axis, outputShape) }),
          inputs,
        );
      case 'dropout':
        // The graph does not say the rate.
        return apply(tf.layers.dropout({ name, rate: 0 }), x);
      case 'pad':
        return this.zeros(name, x, node.padding);
      case 'reshape':
        return this.reshaped(name, x, node.target);
      case 'softmax':
        return apply(tf.layers.softmax({ name }), x);
      case 'transpose': {
        // Keras counts the axes behind the batch from 1.
        const dims = node.permutation.map((axis) => axis + 1);
        return apply(tf.layers.permute({ name, dims }), x);
      }
      case 'subtract':
      case 'mean':
      case 'sum':
      case 'requantize':
      case 'slice':
      case 'spaceToDepth':
      case 'depthToSpace':
      case 'resize':
        return apply(operationLayer(name, node), inputs);
    }
  }

  /** The image, and the padding that is left for the layer; other padding becomes a layer of zeros. */
  private padded(
    name: string,
    x: tf.SymbolicTensor,
    shape: Shape,
    padding: Padding,
    window: readonly [number, number] | undefined,
    strides: readonly [number, number],
  ): { readonly x: tf.SymbolicTensor; readonly padding: 'same' | 'valid' } {
    if (!isPadded(padding)) return { x, padding: 'valid' };
    if (window !== undefined && isSamePadding(padding, shape, window, strides)) {
      return { x, padding: 'same' };
    }
    return { x: this.zeros(`${name}/pad`, x, padding), padding: 'valid' };
  }

  /** A part of a transposed convolution of Keras' "valid". */
  private cut(
    node: FloatTransposedConv2dNode,
    name: string,
    y: tf.SymbolicTensor,
    { whole, outputShape }: { readonly whole: readonly number[]; readonly outputShape: Shape },
  ): tf.SymbolicTensor {
    const { top, left } = node.padding;
    const [bottom, right] = [whole[0] - top - outputShape[0], whole[1] - left - outputShape[1]];
    if (bottom < 0 || right < 0) {
      throw unsupported(node, 'an output that goes on behind what its windows reach');
    }
    const cropping: [[number, number], [number, number]] = [
      [top, bottom],
      [left, right],
    ];
    return apply(tf.layers.cropping2D({ name, cropping }), y);
  }

  private zeros(
    name: string,
    x: tf.SymbolicTensor,
    { top, bottom, left, right }: Padding,
  ): tf.SymbolicTensor {
    const padding: [[number, number], [number, number]] = [
      [top, bottom],
      [left, right],
    ];
    return apply(tf.layers.zeroPadding2d({ name, padding }), x);
  }

  private reshaped(name: string, x: tf.SymbolicTensor, target: Shape): tf.SymbolicTensor {
    return apply(tf.layers.reshape({ name, targetShape: [...target] }), x);
  }
}

/** Whether Keras' "same" cuts off what the node does. */
function isSameTransposed(
  { kernelShape, strides, padding }: FloatTransposedConv2dNode,
  input: Shape,
  output: Shape,
): boolean {
  const window = [kernelShape[0], kernelShape[1]] as const;
  const size = transposedSize(input, window, strides, 'same');
  const { top, left } = samePadding(size, window, strides);
  const isAlike = size.every((side, axis) => side === output[axis]);
  return isAlike && top === padding.top && left === padding.left;
}

function poolPadding(
  node: Extract<FloatNode, { readonly op: 'averagePool2d' | 'maxPool2d' }>,
  shape: Shape,
): 'same' | 'valid' {
  const { padding, windowShape, strides } = node;
  if (!isPadded(padding)) return 'valid';
  if (isSamePadding(padding, shape, windowShape, strides)) return 'same';
  throw unsupported(node, 'a pool with padding that is not "same"');
}

function weightsOf(kernel: Float32Array, shape: Shape, bias: Float32Array): LayerWeights {
  return [
    { values: kernel, shape },
    { values: bias, shape: [bias.length] },
  ];
}

/** A layer of the node's name. */
function activationLayer(node: FloatNode, activation: Activation): tf.layers.Layer {
  const { name } = node;
  if (activation === 'relu') return tf.layers.reLU({ name });
  if (activation === 'relu6') return tf.layers.reLU({ name, maxValue: 6 });
  if (typeof activation === 'string') {
    const keras = (KERAS_NAMES[activation] ?? activation) as 'elu';
    return tf.layers.activation({ name, activation: keras });
  }
  if (activation.kind === 'relu') {
    const { max, slope, threshold } = activation;
    if (slope === 0 && threshold === 0) return tf.layers.reLU({ name, maxValue: max });
    if (max === Infinity && threshold === 0) return tf.layers.leakyReLU({ name, alpha: slope });
    if (max === Infinity && slope === 0) {
      return tf.layers.thresholdedReLU({ name, theta: threshold });
    }
  }
  return operationLayer(name, { ...node, op: 'activation', activation });
}

/** A layer without weights of an operation that Keras has none for. */
function operationLayer(
  name: string,
  node: LayerOperation & Pick<FloatNode, 'name' | 'inputs' | 'className'>,
): tf.layers.Layer {
  const { name: _name, inputs: _inputs, className: _className, ...fields } = node;
  const operation: LayerOperation =
    'activation' in fields && fields.op !== 'activation'
      ? { ...fields, activation: 'linear' }
      : fields;
  if (isJson(operation)) return new GraphOperation({ name, operation });
  throw unsupported(node as FloatNode, 'a number that is not finite');
}

/** Whether JSON has all of its numbers. */
function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isJson);
}

function unsupported({ name, op, className = op }: FloatNode, what: string): Error {
  return new UnsupportedLayerError(
    { name, className },
    `${what}, in a network that is to be trained`,
  );
}

function apply(
  layer: tf.layers.Layer,
  inputs: tf.SymbolicTensor | tf.SymbolicTensor[],
): tf.SymbolicTensor {
  return layer.apply(inputs) as tf.SymbolicTensor;
}
