import { quantile } from './decibels.ts';

/**
 * Indices of the values beyond Tukey's outer fence, Q3 + 3 · (Q3 − Q1) (Exploratory Data Analysis,
 * 1977, "far out"), that are also more than twice the median: where half of the values are equal, the
 * fence alone would mark every other one.
 * @param left indices of values that may be outliers and say nothing of the others: quartiles are those of the rest
 */
export function farOut(values: ArrayLike<number>, left: readonly number[] = []): number[] {
  const ascending = valuesBut(values, left).sort();
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((share) => quantile(ascending, share));
  const fence = Math.max(q3 + 3 * (q3 - q1), 2 * median);
  return Array.from(values, (value, index) => (value > fence ? index : -1)).filter(
    (index) => index >= 0,
  );
}

/** The values without those at some indices; all of them where none would be left. */
export function valuesBut(values: ArrayLike<number>, left: readonly number[]): Float64Array {
  const gone = new Set(left.length < values.length ? left : []);
  return Float64Array.from(values).filter((_, index) => !gone.has(index));
}
