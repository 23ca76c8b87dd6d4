import { quantile } from './decibels.ts';

/**
 * Indices of the values beyond Tukey's outer fence, Q3 + 3 · (Q3 − Q1) (Exploratory Data Analysis,
 * 1977, "far out"), that are also more than twice the median: where half of the values are equal, the
 * fence alone would mark every other one.
 */
export function farOut(values: ArrayLike<number>): number[] {
  const ascending = Float64Array.from(values).sort();
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((share) => quantile(ascending, share));
  const fence = Math.max(q3 + 3 * (q3 - q1), 2 * median);
  return Array.from(values, (value, index) => (value > fence ? index : -1)).filter(
    (index) => index >= 0,
  );
}
