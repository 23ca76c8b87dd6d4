import * as tf from '@tensorflow/tfjs';
import { QuantizationError } from '../params/errors.ts';
import type { Padding } from '../params/window.ts';
import {
  type FloatGraph,
  type FloatNode,
  type FloatPoolNode,
  isWeightedFloat,
} from './float_graph.ts';
import type { ObservedRange } from './observed_range.ts';

type Constants = { readonly kernel: tf.Tensor; readonly bias: tf.Tensor1D };

/** A function over named tensors that is made of operations of TensorFlow.js. */
export type TensorFunction = (inputs: tf.NamedTensorMap) => tf.NamedTensorMap;

/** Makes a function faster that is called many times (see training/compile). */
export type Compile = (run: TensorFunction) => {
  readonly call: TensorFunction;
  readonly dispose: () => void;
};

/** Runs a function as it is. */
const INTERPRET: Compile = (run) => ({
  call: (inputs) => tf.tidy(() => run(inputs)),
  dispose() {},
});

/** Runs a folded float network with TensorFlow.js; holds its weights until `dispose`. */
export class FloatRunner {
  private readonly graph: FloatGraph;
  private readonly extremes: ReturnType<Compile>;
  private readonly constants = new Map<string, Constants>();
  private readonly lastUse = new Map<string, number>();

  constructor(graph: FloatGraph, compile: Compile = INTERPRET) {
    this.graph = graph;
    this.extremes = compile(({ images }) => this.extremesOf(images as tf.Tensor4D));
    graph.nodes.forEach((node, index) => {
      for (const input of node.inputs) this.lastUse.set(input, index);
      if (!isWeightedFloat(node)) return;
      const [, , depth, last] = node.kernelShape;
      this.constants.set(node.name, {
        kernel:
          node.op === 'fullyConnected'
            ? tf.tensor2d(node.kernel, [depth, last])
            : tf.tensor4d(node.kernel, [...node.kernelShape]),
        bias: tf.tensor1d(node.bias),
      });
    });
  }

  /**
   * The logits [N, classes] of a batch.
   * @param shape [N, H, W, C]
   */
  logits(images: Float32Array, shape: readonly [number, number, number, number]): Float32Array {
    const output = this.graph.nodes.at(-1)!.name;
    let logits = new Float32Array();
    tf.tidy(() =>
      this.walk(this.input(images, shape), (name, tensor) => {
        if (name === output) logits = Float32Array.from(tensor.dataSync());
      }),
    );
    return logits;
  }

  /**
   * Hands every tensor of a batch to `visit` in execution order, the input's first; [N, H, W, C] each,
   * to be read until `visit` returns.
   * @param shape [N, H, W, C]
   */
  layers(
    images: Float32Array,
    shape: readonly [number, number, number, number],
    visit: (name: string, values: Float32Array) => void,
  ): void {
    tf.tidy(() =>
      this.walk(this.input(images, shape), (name, tensor) =>
        visit(name, tensor.dataSync() as Float32Array),
      ),
    );
  }

  /** The extremes of every tensor over a batch, the input's included. */
  ranges(
    images: Float32Array,
    shape: readonly [number, number, number, number],
  ): ReadonlyMap<string, ObservedRange> {
    const [minima, maxima] = tf.tidy(() => {
      const extremes = this.extremes.call({ images: this.input(images, shape) });
      return [[...extremes.minima!.dataSync()], [...extremes.maxima!.dataSync()]];
    });
    const names = [this.graph.inputName, ...this.graph.nodes.map(({ name }) => name)];
    return new Map(
      names.map((name, index) => [name, { min: minima![index]!, max: maxima![index]! }]),
    );
  }

  dispose(): void {
    this.extremes.dispose();
    for (const { kernel, bias } of this.constants.values()) tf.dispose([kernel, bias]);
    this.constants.clear();
  }

  /** The minimum and the maximum of the input and of each node's output, in that order: [1 + nodes] each. */
  private extremesOf(images: tf.Tensor4D): tf.NamedTensorMap {
    const minima: tf.Tensor[] = [];
    const maxima: tf.Tensor[] = [];
    this.walk(images, (_, tensor) => {
      minima.push(tensor.min());
      maxima.push(tensor.max());
    });
    return { minima: tf.stack(minima), maxima: tf.stack(maxima) };
  }

  private input(
    images: Float32Array,
    shape: readonly [number, number, number, number],
  ): tf.Tensor4D {
    const { inputShape, name } = this.graph;
    if (shape.slice(1).join() !== inputShape.join()) {
      throw new QuantizationError(
        `Expected images of [${inputShape}] for ${name} but received [${shape.slice(1)}]`,
      );
    }
    return tf.tensor4d(images, [...shape]);
  }

  /** Visits the tensors in execution order; each is freed after its last use. */
  private walk(images: tf.Tensor4D, visit: (name: string, tensor: tf.Tensor4D) => void): void {
    const { inputName, nodes } = this.graph;
    const tensors = new Map<string, tf.Tensor4D>([[inputName, images]]);
    visit(inputName, images);
    nodes.forEach((node, index) => {
      const inputs = node.inputs.map((name) => tensors.get(name)!);
      const output = tf.tidy(() => this.apply(node, inputs));
      tensors.set(node.name, output);
      visit(node.name, output);
      for (const name of node.inputs) {
        if (this.lastUse.get(name) === index) tensors.get(name)!.dispose();
      }
    });
  }

  private apply(node: FloatNode, inputs: readonly tf.Tensor4D[]): tf.Tensor4D {
    const input = inputs[0]!;
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d':
      case 'fullyConnected': {
        const { kernel, bias } = this.constants.get(node.name)!;
        const strides: [number, number] = [...node.strides];
        const linear =
          node.op === 'fullyConnected'
            ? input
                .reshape<tf.Tensor2D>([input.shape[0], -1])
                .matMul<tf.Tensor2D>(kernel as tf.Tensor2D)
                .reshape<tf.Tensor4D>([input.shape[0], 1, 1, -1])
            : node.op === 'conv2d'
              ? tf.conv2d(input, kernel as tf.Tensor4D, strides, explicit(node.padding))
              : tf.depthwiseConv2d(
                  padded(input, node.padding),
                  kernel as tf.Tensor4D,
                  strides,
                  'valid',
                );
        const sum = linear.add<tf.Tensor4D>(bias);
        if (node.activation === 'relu6') return sum.relu6();
        return node.activation === 'relu' ? sum.relu() : sum;
      }
      case 'averagePool2d':
      case 'maxPool2d':
        return pooled(node, input);
      case 'globalAveragePool':
        return input.mean<tf.Tensor4D>([1, 2], true);
      case 'concat':
        return tf.concat([...inputs], 3);
    }
  }
}

/** Pools over the positions inside the image: tfjs-node has no explicit padding for pools. */
function pooled(
  { op, windowShape, strides, padding }: FloatPoolNode,
  input: tf.Tensor4D,
): tf.Tensor4D {
  const pool = op === 'maxPool2d' ? tf.maxPool : tf.avgPool;
  const inside = (x: tf.Tensor4D) => pool(x, [...windowShape], [...strides], 'valid');
  if (Object.values(padding).every((side) => side === 0)) return inside(input);
  if (op === 'maxPool2d') return inside(padded(input, padding, -Infinity));
  const [, height, width] = input.shape;
  // (Σ inside / positions) / (number inside / positions)
  return inside(padded(input, padding)).div(
    inside(padded(tf.ones([1, height, width, 1]), padding)),
  );
}

type ExplicitPadding = [[number, number], [number, number], [number, number], [number, number]];

function explicit({ top, bottom, left, right }: Padding): ExplicitPadding {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function padded(x: tf.Tensor4D, padding: Padding, value = 0): tf.Tensor4D {
  return tf.pad(x, explicit(padding), value) as tf.Tensor4D;
}
