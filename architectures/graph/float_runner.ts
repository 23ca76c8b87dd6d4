import * as tf from '@tensorflow/tfjs';
import { GraphError } from './errors.ts';
import type { FloatGraph } from './float_graph.ts';
import { FloatNodes } from './float_nodes.ts';
import { lastUses } from './last_uses.ts';
import { readValues } from './read_values.ts';
import { isSameShape } from './shape.ts';

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

/** Runs a float network with TensorFlow.js; holds its weights until `dispose`. */
export class FloatRunner {
  private readonly graph: FloatGraph;
  private readonly extremes: ReturnType<Compile>;
  private readonly results: ReturnType<Compile>;
  private readonly operations = new FloatNodes();
  private readonly lastUse: ReadonlyMap<string, number>;
  /** Each once, in the order in which they are made. */
  private readonly outputNames: readonly string[];

  constructor(graph: FloatGraph, compile: Compile = INTERPRET) {
    this.graph = graph;
    this.outputNames = [...new Set(graph.outputs)];
    this.extremes = compile(({ images }) => this.extremesOf(images));
    this.results = compile(({ images }) => this.outputsOf(images));
    this.lastUse = lastUses(graph.nodes);
    for (const node of graph.nodes) this.operations.hold(node);
  }

  /**
   * The outputs [N, …] of a batch, in the graph's order.
   * @param shape [N, H, W, C]
   */
  outputs(images: Float32Array, shape: readonly number[]): Float32Array[] {
    const made = readValues(() =>
      Object.values(this.results.call({ images: this.input(images, shape) })),
    );
    return this.graph.outputs.map((name) => made[this.outputNames.indexOf(name)]);
  }

  /**
   * Hands every tensor of a batch to `visit` in execution order, the input's first; [N, …] each, to be
   * read until `visit` returns.
   * @param shape [N, H, W, C]
   */
  layers(
    images: Float32Array,
    shape: readonly number[],
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
    shape: readonly number[],
  ): ReadonlyMap<string, { readonly min: number; readonly max: number }> {
    const [minima, maxima] = tf.tidy(() => {
      const extremes = this.extremes.call({ images: this.input(images, shape) });
      return [[...extremes.minima.dataSync()], [...extremes.maxima.dataSync()]];
    });
    const names = [this.graph.input.name, ...this.graph.nodes.map(({ name }) => name)];
    return new Map(names.map((name, index) => [name, { min: minima[index], max: maxima[index] }]));
  }

  dispose(): void {
    this.extremes.dispose();
    this.results.dispose();
    this.operations.dispose();
  }

  /** The minimum and the maximum of the input and of each node's output, in that order: [1 + nodes] each. */
  private extremesOf(images: tf.Tensor): tf.NamedTensorMap {
    const minima: tf.Tensor[] = [];
    const maxima: tf.Tensor[] = [];
    this.walk(images, (_, tensor) => {
      minima.push(tensor.min());
      maxima.push(tensor.max());
    });
    return { minima: tf.stack(minima), maxima: tf.stack(maxima) };
  }

  /** The outputs by their places among `outputNames`. */
  private outputsOf(images: tf.Tensor): tf.NamedTensorMap {
    const made = new Map<string, tf.Tensor>();
    this.walk(images, (name, tensor) => {
      // A copy: the walk frees what is read on.
      if (this.outputNames.includes(name)) made.set(name, tensor.clone());
    });
    return Object.fromEntries(this.outputNames.map((name, at) => [`output${at}`, made.get(name)!]));
  }

  private input(images: Float32Array, shape: readonly number[]): tf.Tensor {
    const { input, name } = this.graph;
    if (!isSameShape(shape.slice(1), input.shape)) {
      throw new GraphError(
        `Expected images of [${input.shape}] for ${name} but received [${shape.slice(1)}]`,
      );
    }
    return tf.tensor(images, [...shape]);
  }

  /** Visits the tensors in execution order; each is freed after its last use. */
  private walk(images: tf.Tensor, visit: (name: string, tensor: tf.Tensor) => void): void {
    const { input, nodes } = this.graph;
    const tensors = new Map<string, tf.Tensor>([[input.name, images]]);
    visit(input.name, images);
    nodes.forEach((node, index) => {
      const inputs = node.inputs.map((name) => tensors.get(name)!);
      const output = tf.tidy(() => this.operations.apply(node, inputs));
      tensors.set(node.name, output);
      visit(node.name, output);
      for (const name of new Set(node.inputs)) {
        if (this.lastUse.get(name) === index) tensors.get(name)!.dispose();
      }
    });
  }
}
