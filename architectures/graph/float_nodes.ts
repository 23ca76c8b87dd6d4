import * as tf from '@tensorflow/tfjs';
import type { FloatNode } from './float_node.ts';
import type { Constant } from './operations/operation.ts';
import { operationOf } from './operations/table.ts';
import { readValues } from './read_values.ts';
import type { Shape } from './shape.ts';

/** A tensor [N, …] of a batch as an array. */
export interface FloatImages {
  readonly values: Float32Array;
  /** Of one image, [H, W, C]. */
  readonly shape: Shape;
}

/**
 * The nodes of a float network in TensorFlow.js. Weights become tensors when they are first needed and
 * are held until `dispose`, by their arrays: nodes that share a kernel share its tensor.
 */
export class FloatNodes {
  private readonly constants = new Map<Float32Array, tf.Tensor>();

  /** Makes a node's weights tensors now: a function that is being compiled must find them made. */
  hold(node: FloatNode): void {
    this.constantsOf(node);
  }

  /** The output [N, …] of one node for a batch of N images. */
  run(node: FloatNode, inputs: readonly FloatImages[], batch: number): Float32Array {
    const [values] = readValues(() => [
      this.apply(
        node,
        inputs.map(({ values, shape }) => tf.tensor(values, [batch, ...shape])),
      ),
    ]);
    return values;
  }

  /**
   * The output [N, …] of one node, a tensor of its own.
   * @param inputs [N, …] each
   */
  apply(node: FloatNode, inputs: readonly tf.Tensor[]): tf.Tensor {
    const output = operationOf(node).run(node, { tf, inputs, constants: this.constantsOf(node) });
    return inputs.includes(output) ? output.clone() : output;
  }

  dispose(): void {
    tf.dispose([...this.constants.values()]);
    this.constants.clear();
  }

  private constantsOf(node: FloatNode): Readonly<Record<string, tf.Tensor>> {
    const constants = operationOf(node).constants?.(node) ?? {};
    return Object.fromEntries(
      Object.entries(constants).map(([name, constant]) => [name, this.constant(constant)]),
    );
  }

  private constant({ values, shape }: Constant): tf.Tensor {
    const held = this.constants.get(values);
    if (held !== undefined) return held;
    const made = tf.keep(tf.tensor(values, [...shape]));
    this.constants.set(values, made);
    return made;
  }
}
