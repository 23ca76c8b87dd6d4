import * as tf from '@tensorflow/tfjs';
import type { QuantizationParams } from '../../quantize/params/quantization.ts';
import { type Parameters, parametersOf } from './parameters.ts';

/** How ranges come about while a network is trained. */
export interface RangeRules {
  /** `learned`: by gradients. `observed`: activations follow the extremes of the batches. */
  readonly ranges: 'learned' | 'observed';
  /** Share of the run, in (0, 1], after which ranges stay as they are. */
  readonly freezeAfter: number;
}

/** What a range is used as in one pass. */
export interface UsedRange {
  /** [2], whose gradient is the range's. */
  readonly range: tf.Tensor;
  readonly parameters: Parameters;
}

/** Share of an observed range that a step keeps of the one before. */
const MOMENTUM = 0.9;

/** A learned range keeps at least this share of its start. */
const LEAST_SHARE = 0.1;

/** A range moves by so many learning rates in a step of Adam, in shares of itself: weights are small numbers. */
const RATE = 10;

/** [min, max] that parameters stand for. */
export function rangeOf({ scale, zeroPoint }: QuantizationParams): [min: number, max: number] {
  return [0 - zeroPoint * scale, (255 - zeroPoint) * scale];
}

/** The range [min, max] of a tensor, with the variables that it takes. */
export class TensorRange {
  /** By the names of a step's state; `change` alone is trained. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** Of these, those that follow the images. */
  readonly statistics: readonly tf.Variable[];
  /** [2]: what is used where nothing is trained. */
  private readonly held: tf.Variable;
  /** [2] each: a learned range is start · (1 + RATE · change). */
  private readonly learned:
    | { readonly start: tf.Variable; readonly change: tf.Variable }
    | undefined;
  private readonly freezeAfter: number;
  /** What the activation cuts off above. */
  private readonly bound: number;

  /**
   * @param name of the variables, `NAME/range`
   * @param start [min, max]
   * @param bound Infinity where there is none
   */
  constructor(
    name: string,
    start: readonly [min: number, max: number],
    { ranges, freezeAfter }: RangeRules,
    bound: number,
  ) {
    this.freezeAfter = freezeAfter;
    this.bound = bound;
    const held = (values: readonly number[]) => tf.variable(tf.tensor1d([...values]), false);
    const first = [start[0], Math.min(start[1], bound)];
    this.held = held(first);
    this.learned =
      ranges === 'learned'
        ? { start: held(first), change: tf.variable(tf.zeros([2]), true) }
        : undefined;
    this.statistics = this.learned === undefined ? [this.held] : [];
    this.variables = new Map([
      [name, this.held],
      ...(this.learned === undefined
        ? []
        : ([
            [`${name}/start`, this.learned.start],
            [`${name}/change`, this.learned.change],
          ] as const)),
    ]);
  }

  /** Where nothing is trained. */
  fixed(): UsedRange {
    return { range: this.held, parameters: parametersOf(this.held) };
  }

  /** In a step of training; a learned range is what `fixed` uses from then on. @param progress scalar in [0, 1] */
  trained(progress: tf.Tensor): UsedRange {
    if (this.learned === undefined) return this.fixed();
    const { start, change } = this.learned;
    const range = this.bounded(start.mul(change.mul(RATE).add(1).maximum(LEAST_SHARE)));
    const used = tf.where(this.isFrozen(progress), this.held, range);
    this.held.assign(used as tf.Tensor1D);
    return { range, parameters: parametersOf(used) };
  }

  /** Lets an observed range follow a batch. @param values real numbers, before a ReLU */
  observe(values: tf.Tensor, progress: tf.Tensor): void {
    if (this.learned !== undefined) return;
    const [low] = tf.unstack(this.held);
    // A range from 0 on is that of a ReLU.
    const min = tf.where(low.less(0), values.min(), tf.zerosLike(low));
    const own = this.bounded(tf.stack([min, values.max()]));
    const next = this.held.mul(MOMENTUM).add(own.mul(1 - MOMENTUM));
    this.held.assign(tf.where(this.isFrozen(progress), this.held, next) as tf.Tensor1D);
  }

  private bounded(range: tf.Tensor): tf.Tensor {
    return this.bound === Infinity ? range : range.minimum(this.bound);
  }

  private isFrozen(progress: tf.Tensor): tf.Tensor {
    return progress.greaterEqual(this.freezeAfter);
  }
}
