import * as tf from '@tensorflow/tfjs';
import type { FloatResizeNode } from '../../architectures/graph/operations/resize.ts';
import { resizeTaps, TAP_NUMBERS, WEIGHT_UNIT } from '../../quantize/params/resize.ts';
import type { ByteTensor, Made } from './quantized_nodes.ts';
import { withValue } from './straight_through.ts';

/** Between which places of the input those of the output lie, along one axis. */
interface Taps {
  /** [places] int32 each */
  readonly first: tf.Tensor1D;
  readonly second: tf.Tensor1D;
  /** [places]: the second one's share, in parts of WEIGHT_UNIT. */
  readonly weights: tf.Tensor1D;
}

/** The axes of [N, H, W, C]. */
const [ROWS, COLUMNS] = [1, 2];

/**
 * An image at another size: eq. 13, or bytes that come several times, eq. 11.
 * @param repeats whether each row and column comes so many times
 */
export function resized(
  { size, method, corners }: FloatResizeNode,
  { offsets, parameters }: ByteTensor,
  repeats: boolean,
): Made {
  const tapsAlong = (axis: number) => {
    const [places, count] = [offsets.shape[axis], size[axis - ROWS]];
    if (repeats) return tapsOf(count, (at) => [Math.floor((at * places) / count), 0, 0]);
    const taps = resizeTaps(method, corners, places, count);
    return tapsOf(count, (at) => [...taps.subarray(TAP_NUMBERS * at, TAP_NUMBERS * (at + 1))]);
  };
  const [rows, columns] = [tapsAlong(ROWS), tapsAlong(COLUMNS)];
  const output =
    method === 'nearest'
      ? offsets.gather(rows.first, ROWS).gather(columns.first, COLUMNS)
      : between(offsets, rows, columns);
  return { output: { offsets: output, parameters } };
}

/**
 * Exact in single precision: with two mixes along columns a and b, |a|, |b| ≤ 255 · 2¹¹, and
 * b − a = 2¹¹ · p + q, the sum of eq. 13 is 2¹¹ · (a + p · weight + 2¹⁰) + q · weight, and neither product
 * passes 2²². The zero point adds to it as it is.
 */
function between(x: tf.Tensor, rows: Taps, columns: Taps): tf.Tensor {
  const left = x.gather(columns.first, COLUMNS);
  const right = x.gather(columns.second, COLUMNS);
  const along = left.mul(WEIGHT_UNIT).add(right.sub(left).mul(columns.weights.reshape([-1, 1])));
  const a = along.gather(rows.first, ROWS);
  const step = along.gather(rows.second, ROWS).sub(a);
  const weights = rows.weights.reshape([-1, 1, 1]);
  const real = a.add(step.mul(weights.div(WEIGHT_UNIT))).div(WEIGHT_UNIT);
  const p = step.div(WEIGHT_UNIT).floor();
  const q = step.sub(p.mul(WEIGHT_UNIT));
  const upper = a.add(p.mul(weights)).add(WEIGHT_UNIT / 2);
  const total = upper.add(q.mul(weights).div(WEIGHT_UNIT).floor());
  return withValue(real, total.div(WEIGHT_UNIT).floor());
}

/** @param at the first place, the second and its weight, for a place of the output */
function tapsOf(count: number, at: (place: number) => readonly number[]): Taps {
  const table = Array.from({ length: count }, (_, place) => at(place));
  const column = (index: number, dtype: 'int32' | 'float32') =>
    tf.tensor1d(
      table.map((taps) => taps[index]),
      dtype,
    );
  return { first: column(0, 'int32'), second: column(1, 'int32'), weights: column(2, 'float32') };
}
