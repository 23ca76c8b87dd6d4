import { QuantizationError } from './errors.ts';
import { requireScale } from './quantization.ts';
import { roundHalfEven } from './rounding.ts';

/** What eq. 9 multiplies and shifts by. */
export interface Addition {
  /** Integer in [0, 2²¹]. */
  readonly aMultiplier: number;
  /** Integer in [−2²¹, 2²¹]: below 0 of a subtraction. */
  readonly bMultiplier: number;
  /** Integer in [13, 30]. */
  readonly shift: number;
}

/** Bits of the larger multiplier after its first: it lies in [2²⁰, 2²¹]. */
const MULTIPLIER_BITS = 20;

/** The least of scaleA / scaleOut and scaleB / scaleOut, and what both are below. */
export const LEAST_RATIO = 2 ** -10;
const RATIO_LIMIT = 2 ** 8;

/** The least and the greatest scale of a sum (eq. 9) of inputs at these scales. */
export function sumScales(scaleA: number, scaleB: number): readonly [least: number, most: number] {
  const larger = Math.max(scaleA, scaleB);
  return [(2 * larger) / RATIO_LIMIT, larger / LEAST_RATIO];
}

/** The least scale of each input of a sum (eq. 9) at this scale that XNNPACK takes, a little above it. */
export function leastSummandScale(scaleOut: number): number {
  return Math.fround(scaleOut * LEAST_RATIO * (1 + 2 ** -20));
}

/** Whether XNNPACK adds an input at this scale: its ratio to the sum's lies in [2⁻¹⁰, 2⁸). */
export function isSummandScale(scale: number, scaleOut: number): boolean {
  const ratio = Math.fround(scale / scaleOut);
  return ratio >= LEAST_RATIO && ratio < RATIO_LIMIT;
}

/**
 * The integers of eq. 9 for a · scaleA ± b · scaleB at scaleOut.
 * @throws QuantizationError unless the scales are normal singles and the larger of scaleA and scaleB
 * lies within [2⁻¹⁰, 2⁸) of scaleOut
 */
export function addition(scaleA: number, scaleB: number, scaleOut: number, sign: 1 | -1): Addition {
  requireScale('scaleA', scaleA);
  requireScale('scaleB', scaleB);
  requireScale('scaleOut', scaleOut);
  const [a, b] = [Math.fround(scaleA / scaleOut), Math.fround(scaleB / scaleOut)];
  const larger = Math.max(a, b);
  if (!(larger >= LEAST_RATIO && larger < RATIO_LIMIT)) {
    throw new QuantizationError(
      `Expected the scales of a sum's inputs within [2⁻¹⁰, 2⁸) of its own but they are ${scaleA} and ${scaleB}, its own is ${scaleOut}`,
      { remedy: 'Calibrate with images that the network was made for.' },
    );
  }
  const shift = MULTIPLIER_BITS - Math.floor(Math.log2(larger));
  return {
    aMultiplier: roundHalfEven(a * 2 ** shift),
    bMultiplier: sign * roundHalfEven(b * 2 ** shift),
    shift,
  };
}
