import * as tf from '@tensorflow/tfjs';
import type { Nodes } from '../../quantize/ops/table.ts';
import { type ByteTensor, quantizedWeights } from './quantized_nodes.ts';
import { type RangeRules, rangeOf, TensorRange, type UsedRange } from './tensor_range.ts';

/** The slopes of a ReLU as they are trained, with their variables. */
export class TrainedSlopes {
  /** By the names of a step's state. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** Of the slopes. */
  readonly range: TensorRange;
  private readonly alpha: tf.Variable;

  /** @param stored what they were quantized to: a slope a channel or a value */
  constructor({ name, alpha }: Nodes['prelu'], values: Float32Array, rules: RangeRules) {
    this.alpha = tf.variable(tf.tensor(values, [...alpha.shape]), true);
    this.range = new TensorRange(
      `${name}/slopes/range`,
      rangeOf(alpha.quantization),
      rules,
      Infinity,
    );
    this.variables = new Map([[`${name}/alpha`, this.alpha], ...this.range.variables]);
  }

  quantized(range: UsedRange): ByteTensor {
    return quantizedWeights({ kernel: this.alpha, range, dampening: undefined });
  }
}
