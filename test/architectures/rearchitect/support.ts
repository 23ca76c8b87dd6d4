import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import type { FloatNode, FloatWeightedNode } from '../../../architectures/graph/float_node.ts';
import type { Activation } from '../../../architectures/graph/operations/activation_function.ts';
import { activationOf } from '../../../architectures/graph/operations/activation_value.ts';
import { makerOf, replaceNode } from '../../../architectures/graph/passes/rewrite.ts';
import { NO_PADDING, samePadding } from '../../../architectures/graph/window.ts';
import { compile } from '../../../training/compile/compile.ts';
import { transposedDoubleProduct } from '../../../training/compile/ops/double_product.ts';
import { setWeight } from '../support.ts';

/** How reconstructions are computed in earnest. */
export const COMPILED = {
  compile: (run: Parameters<typeof compile>[0]) => compile(run, { frozen: true }),
  product: transposedDoubleProduct,
};

/**
 * Gives each batch norm the statistics of what comes into it, and γ and β that let activations vary:
 * in a network of random weights they die layer by layer.
 * @param images [N, H, W, 3]
 */
export function enliven(model: tf.LayersModel, images: tf.Tensor4D): void {
  for (const layer of model.layers) {
    if (!layer.name.endsWith('/BatchNorm')) continue;
    tf.tidy(() => {
      const part = tf.model({ inputs: model.inputs, outputs: layer.input as tf.SymbolicTensor });
      const { mean, variance } = tf.moments(part.predict(images) as tf.Tensor, [0, 1, 2]);
      const channels = mean.size;
      setWeight(model, `${layer.name}/moving_mean`, [...mean.dataSync()]);
      setWeight(model, `${layer.name}/moving_variance`, [...variance.dataSync()]);
      setWeight(
        model,
        `${layer.name}/gamma`,
        Array.from({ length: channels }, (_, c) => 1 + (c % 3)),
      );
      setWeight(
        model,
        `${layer.name}/beta`,
        Array.from({ length: channels }, (_, c) => 0.5 + 0.5 * Math.sin(c)),
      );
    });
  }
}

export interface NetworkShape {
  readonly activation: Activation;
  readonly depthwiseActivation: Activation;
  /** Pairs of depthwise and pointwise layers. */
  readonly pairs: number;
  /** Whether each pair is an inverted residual: expanded first, linear at its end, and added to its input. */
  readonly isInverted?: boolean;
}

/** Numbers of a test, the same for the same seed. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    // Marsaglia's xorshift32.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

/** A small network whose channels differ in scale by up to 10⁴: conv, dw0, pw0, dw1, … and logits. */
export function randomNetwork(seed: number, shape: NetworkShape): FloatGraph {
  const { activation, depthwiseActivation, pairs, isInverted = false } = shape;
  const next = numbers(seed);
  const nodes: FloatNode[] = [];
  let [size, channels] = [SIZE, 3];
  const add = (name: string, from: string, layer: Partial<FloatWeightedNode>, outputs: number) => {
    const { op = 'conv2d', strides = [1, 1] } = layer;
    const window = layer.kernelShape?.[0] ?? 1;
    const isDepthwise = op === 'depthwiseConv2d';
    const scales = Array.from({ length: outputs }, () => 10 ** (2 * next()));
    const kernelShape = [window, window, channels, isDepthwise ? 1 : outputs] as const;
    nodes.push({
      name,
      op,
      inputs: [from],
      strides,
      kernelShape,
      kernel: Float32Array.from(
        { length: window * window * channels * kernelShape[3] },
        (_, i) => next() * scales[i % outputs],
      ),
      bias: Float32Array.from({ length: outputs }, (_, i) => next() * scales[i]),
      padding: samePadding([size, size, channels], [window, window], strides),
      activation: layer.activation ?? 'linear',
    } as FloatNode);
    size = Math.ceil(size / strides[0]);
    channels = outputs;
  };
  const three = [3, 3, 1, 1] as const;
  add('conv', 'image', { kernelShape: three, activation, strides: [2, 2] }, 3);
  let before = 'conv';
  for (let pair = 0; pair < pairs; pair++) {
    const [dw, pw] = [`dw${pair}`, `pw${pair}`];
    const width = channels;
    if (isInverted) add(`ex${pair}`, before, { activation }, 3 * channels);
    const stride = isInverted ? 1 : 1 + (pair % 2);
    const depthwise = { op: 'depthwiseConv2d', kernelShape: three } as const;
    const own = {
      ...depthwise,
      activation: depthwiseActivation,
      strides: [stride, stride],
    } as const;
    add(dw, isInverted ? `ex${pair}` : before, own, channels);
    add(
      pw,
      dw,
      { activation: isInverted ? 'linear' : activation },
      isInverted ? width : channels + 1,
    );
    if (isInverted) {
      nodes.push({ op: 'add', name: `sum${pair}`, inputs: [before, pw], activation: 'linear' });
    }
    before = isInverted ? `sum${pair}` : pw;
  }
  nodes.push({ op: 'globalAveragePool', name: 'mean', inputs: [before] });
  const kernelShape = [1, 1, channels, 4] as const;
  nodes.push({
    op: 'fullyConnected',
    name: 'logits',
    inputs: ['mean'],
    kernelShape,
    kernel: Float32Array.from({ length: 4 * channels }, next),
    bias: Float32Array.from({ length: 4 }, next),
    strides: [1, 1],
    padding: NO_PADDING,
    activation: 'linear',
  });
  const input = { name: 'image', shape: [SIZE, SIZE, 3] };
  return floatGraph({ name: 'random', input, nodes, outputs: ['logits'] });
}

/** A layer of a network. */
export function layerOf(graph: FloatGraph, name: string): FloatWeightedNode {
  return makerOf(graph, name) as FloatWeightedNode;
}

/** The network with another layer in place of the one of its name. */
export function withLayer(
  graph: FloatGraph,
  name: string,
  change: Partial<Pick<FloatWeightedNode, 'kernel' | 'bias' | 'activation'>>,
): FloatGraph {
  return replaceNode(graph, { ...layerOf(graph, name), ...change });
}

/** Seeds of random networks. */
export const SEEDS = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** [H][W][C] in double precision. */
export type Image = number[][][];

/** Height and width of images. */
const SIZE = 6;

export function randomImage(seed: number, size = SIZE): Image {
  const next = numbers(seed);
  return Array.from({ length: size }, () =>
    Array.from({ length: size }, () => Array.from({ length: 3 }, next)),
  );
}

/** The logits of a network in double precision, by the definition of its operations. */
export function logitsOf(graph: FloatGraph, image: Image): number[] {
  const made = new Map([[graph.input.name, image]]);
  for (const node of graph.nodes) {
    const [x, ...others] = node.inputs.map((name) => made.get(name)!);
    made.set(node.name, computed(node, x, others));
  }
  return made.get(graph.outputs[0])![0][0];
}

function computed(node: FloatNode, x: Image, [other]: readonly Image[]): Image {
  switch (node.op) {
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'fullyConnected':
      return convolve(node, x);
    case 'globalAveragePool':
      return [[meanOf(x)]];
    case 'add':
      return x.map((line, i) => line.map((pixel, j) => pixel.map((v, c) => v + other[i][j][c])));
    default:
      throw new Error(`no definition of ${node.op}`);
  }
}

function meanOf(x: Image): number[] {
  const positions = x.flat();
  return positions[0].map((_, c) => positions.reduce((sum, p) => sum + p[c], 0) / positions.length);
}

/** "Same" padding of TensorFlow: what is odd of it goes to the bottom and the right. */
function convolve(
  { kernel, kernelShape, bias, strides, op, activation }: FloatWeightedNode,
  x: Image,
) {
  const [kh, kw, channels, outputs] = kernelShape;
  const [stride] = strides;
  const size = x.length;
  const outSize = Math.ceil(size / stride);
  const before = Math.floor(Math.max(0, (outSize - 1) * stride + kh - size) / 2);
  const activate = activationOf(activation);
  return Array.from({ length: outSize }, (_, row) =>
    Array.from({ length: outSize }, (_, column) =>
      Array.from(bias, (shift, m) => {
        let sum = shift;
        for (let i = 0; i < kh; i++) {
          for (let j = 0; j < kw; j++) {
            const pixel = x[row * stride + i - before]?.[column * stride + j - before];
            if (pixel === undefined) continue;
            const tap = (i * kw + j) * channels;
            if (op === 'depthwiseConv2d') sum += pixel[m] * kernel[tap + m];
            else {
              for (let c = 0; c < channels; c++) {
                sum += pixel[c] * kernel[(tap + c) * outputs + m];
              }
            }
          }
        }
        return activate(sum);
      }),
    ),
  );
}

/** The largest difference relative to the largest value. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const values = Array.from(b);
  const largest = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  return Math.max(...values.map((value, i) => Math.abs(a[i] - value))) / largest;
}
