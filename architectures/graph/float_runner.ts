import * as tf from '@tensorflow/tfjs';
import type { ObservedRange } from '../../quantize/convert/observed_range.ts';
import { byName } from '../../quantize/model/by_name.ts';
import { QuantizationError } from '../../quantize/params/errors.ts';
import type { FloatGraph } from './float_graph.ts';
import { FloatNodes } from './float_nodes.ts';

/** A function over named tensors that is made of operations of TensorFlow.js. */
export type TensorFunction = (inputs: tf.NamedTensorMap) => tf.NamedTensorMap;

/** Makes a function faster that is called many times (see training/compile). */
export type Compile = (run: TensorFunction) => {
  readonly call: TensorFunction;
  /** Frees what was made for it. */
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
  private readonly operations = new FloatNodes();
  private readonly lastUse = new Map<string, number>();

  constructor(graph: FloatGraph, compile: Compile = INTERPRET) {
    this.graph = graph;
    this.extremes = compile(({ images }) => this.extremesOf(images as tf.Tensor4D));
    graph.nodes.forEach((node, index) => {
      for (const input of node.inputs) this.lastUse.set(input, index);
      this.operations.hold(node);
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
      return [[...extremes.minima.dataSync()], [...extremes.maxima.dataSync()]];
    });
    const names = [this.graph.inputName, ...this.graph.nodes.map(({ name }) => name)];
    return new Map(names.map((name, index) => [name, { min: minima[index], max: maxima[index] }]));
  }

  dispose(): void {
    this.extremes.dispose();
    this.operations.dispose();
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
      const inputs = node.inputs.map((name) => byName(tensors, name));
      const output = tf.tidy(() => this.operations.apply(node, inputs));
      tensors.set(node.name, output);
      visit(node.name, output);
      for (const name of node.inputs) {
        if (this.lastUse.get(name) === index) byName(tensors, name).dispose();
      }
    });
  }
}
