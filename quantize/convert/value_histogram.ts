/** How often a tensor takes which values, in constant memory, and the ranges that are read from it. */
import { BYTE_MAX, paramsFromRange } from '../params/quantization.ts';
import { clamp, roundHalfEven } from '../params/rounding.ts';
import type { ObservedRange } from './observed_range.ts';

const BINS = 2048;

/** Ranges that are tried: these parts of the extremes. */
const SHARES = Array.from({ length: 71 }, (_, step) => 1 - step / 100);

/** Counts of values in bins of equal width between known extremes. */
export class ValueHistogram {
  readonly extremes: ObservedRange;
  readonly counts = new Float64Array(BINS);

  constructor(extremes: ObservedRange) {
    this.extremes = extremes;
  }

  add(values: Float32Array): void {
    const { min, max } = this.extremes;
    const perBin = max > min ? BINS / (max - min) : 0;
    for (const value of values) {
      this.counts[Math.max(0, Math.min(BINS - 1, Math.floor((value - min) * perBin)))]++;
    }
  }

  /** The value in the middle of a bin. */
  center(bin: number): number {
    const { min, max } = this.extremes;
    return min + ((bin + 0.5) * (max - min)) / BINS;
  }

  /** The value at the lower edge of a bin. */
  edge(bin: number): number {
    const { min, max } = this.extremes;
    return min + (bin * (max - min)) / BINS;
  }
}

/** The range that leaves out (100 − percent) / 2 % of the values on each side. */
export function percentileRange(histogram: ValueHistogram, percent: number): ObservedRange {
  const { counts } = histogram;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const left = (total * (100 - percent)) / 200;
  let [low, high] = [0, counts.length - 1];
  for (let below = counts[0]; below <= left && low < high; below += counts[++low]);
  for (let above = counts[high]; above <= left && high > low; above += counts[--high]);
  return { min: histogram.edge(low), max: histogram.edge(high + 1) };
}

/** The part of the extremes with the least mean square of rounding and clipping. */
export function leastSquaresRange(histogram: ValueHistogram): ObservedRange {
  return bestPart(histogram, (range) => {
    const { scale, zeroPoint } = paramsFromRange(range.min, range.max);
    return histogram.counts.reduce((sum, count, bin) => {
      if (count === 0) return sum;
      const x = histogram.center(bin);
      const byte = clamp(roundHalfEven(x / scale) + zeroPoint, 0, BYTE_MAX);
      return sum + count * (x - scale * (byte - zeroPoint)) ** 2;
    }, 0);
  });
}

/**
 * The part of the extremes that loses the least information: the least Kullback-Leibler divergence of
 * the values, clipped, from what their bytes tell of them (Migacz, "8-bit inference with TensorRT", 2017).
 */
export function entropyRange(histogram: ValueHistogram): ObservedRange {
  const total = histogram.counts.reduce((sum, count) => sum + count, 0);
  return bestPart(histogram, (range) => {
    const { scale, zeroPoint } = paramsFromRange(range.min, range.max);
    const clipped = new Float64Array(histogram.counts.length);
    const sums = new Float64Array(BYTE_MAX + 1);
    const bins = new Float64Array(BYTE_MAX + 1);
    const bytes = new Uint8Array(histogram.counts.length);
    let [first, last] = [-1, -1];
    histogram.counts.forEach((_, bin) => {
      const level = roundHalfEven(histogram.center(bin) / scale) + zeroPoint;
      bytes[bin] = clamp(level, 0, BYTE_MAX);
      if (level < 0 || level > BYTE_MAX) return;
      if (first < 0) first = bin;
      last = bin;
    });
    if (first < 0) return Infinity;
    histogram.counts.forEach((count, bin) => {
      if (count === 0) return;
      // What is clipped lies at the range's ends, but the bytes tell only of what is within.
      clipped[clamp(bin, first, last)] += count;
      if (bin < first || bin > last) return;
      sums[bytes[bin]] += count;
      bins[bytes[bin]]++;
    });
    const within = sums.reduce((sum, count) => sum + count, 0);
    return clipped.reduce((divergence, count, bin) => {
      if (count === 0) return divergence;
      const told = histogram.counts[bin] > 0 ? sums[bytes[bin]] / bins[bytes[bin]] / within : 0;
      return divergence + (count / total) * Math.log(count / total / Math.max(told, 1e-9));
    }, 0);
  });
}

function bestPart(
  { extremes }: ValueHistogram,
  costOf: (range: ObservedRange) => number,
): ObservedRange {
  const { min, max } = extremes;
  if (min === max) return extremes;
  let best = extremes;
  let least = Infinity;
  for (const share of SHARES) {
    const range = { min: Math.min(min, 0) * share, max: Math.max(max, 0) * share };
    const cost = costOf(range);
    if (!(cost < least)) continue;
    least = cost;
    best = range;
  }
  return best;
}
