import { expected } from '../params/errors.ts';

/** Averages of at most 2²³ positions: Σq + ⌊n/2⌋ ≤ 255.5 · 2²³ < 2³¹. */
const MAX_POSITIONS = 2 ** 23;

/** @throws QuantizationError where a mean is over more positions than int32 sums allow */
export function requirePoolPositions(name: string, positions: number): void {
  if (positions > MAX_POSITIONS) {
    throw expected(`at most ${MAX_POSITIONS} positions`, name, positions);
  }
}

/** eq. 6: (Σq + ⌊n/2⌋) / n in integers, rounded down. */
export function roundedMean(sum: number, n: number): number {
  return Math.floor((sum + Math.floor(n / 2)) / n);
}
