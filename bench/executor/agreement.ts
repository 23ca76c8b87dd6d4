import { UserError } from '../../foundation/errors.ts';

/** Logits in float may differ by rounding, relative to the largest. */
const FLOAT_TOLERANCE = 1e-3;

/** How near a peer's outputs are to those of the float network. */
export interface Agreement {
  /** Share of the images with the same likeliest class. */
  readonly top1: number;
  /**
   * Pearson's, between the logits of an image, for which neither scale nor zero point matters: the mean
   * over the images. With another network's it is about 0, as with those of one that 8 bits ruin.
   */
  readonly correlation: number;
}

/**
 * Whether a peer computes the network.
 * @param outputs of every image, as the peer stores them
 * @param floatLogits of the float network on the same images
 * @throws UserError where the outputs are none of this network, in 8 bits only for their number: the
 *   same converter made them of the float network, and what 8 bits leave of it is the agreement
 */
export function checkPeer(
  outputs: readonly ArrayLike<number>[],
  floatLogits: readonly ArrayLike<number>[],
  precision: 'float' | 'quantized',
): Agreement {
  const pairs = floatLogits.map((logits, n) => [outputs[n] ?? [], logits] as const);
  for (const [found, logits] of pairs) {
    if (found.length !== logits.length || !Array.from(found).every(Number.isFinite)) {
      throw new UserError(
        `Expected ${logits.length} finite outputs for each of ${floatLogits.length} images but they are not`,
      );
    }
  }
  const top1 =
    pairs.filter(([found, logits]) => largest(found) === largest(logits)).length / pairs.length;
  const correlation =
    pairs.reduce((sum, [found, logits]) => sum + correlationOf(found, logits), 0) / pairs.length;
  if (precision === 'float') {
    const difference = Math.max(...pairs.map(([found, logits]) => differenceOf(found, logits)));
    if (difference > FLOAT_TOLERANCE) {
      throw new UserError(
        `Expected the logits of the float network but they differ by ${difference.toPrecision(2)} of the largest`,
      );
    }
  }
  return { top1, correlation };
}

function largest(values: ArrayLike<number>): number {
  let index = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[index]) index = i;
  return index;
}

/** Relative to the largest of `logits`. */
function differenceOf(found: ArrayLike<number>, logits: ArrayLike<number>): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < logits.length; i++) {
    difference = Math.max(difference, Math.abs(found[i] - logits[i]));
    scale = Math.max(scale, Math.abs(logits[i]));
  }
  return difference / scale;
}

/** Pearson's; 0 where all values of one are equal. */
function correlationOf(found: ArrayLike<number>, logits: ArrayLike<number>): number {
  const deviations = (values: ArrayLike<number>) => {
    const mean = Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
    return Array.from(values, (value) => value - mean);
  };
  const [a, b] = [deviations(found), deviations(logits)];
  const product = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i], 0);
  const scale = Math.sqrt(product(a, a) * product(b, b));
  return scale === 0 ? 0 : product(a, b) / scale;
}
