/** The smallest and the largest value that a tensor took. */
export interface ObservedRange {
  readonly min: number;
  readonly max: number;
}

/** The range of values; [∞, −∞] of none. */
export function rangeOf(values: Float32Array): ObservedRange {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/** The smallest range that contains both. */
export function joined(a: ObservedRange, b: ObservedRange): ObservedRange {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}
