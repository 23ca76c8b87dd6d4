import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { ConversionOptions } from '../quantize/conversion.ts';

/** Images that recipes are judged on, unless told otherwise: one of them is half a point of agreement. */
export const JUDGED_IMAGES = 200;

export interface FixOptions extends Omit<ConversionOptions, 'recipe' | 'zeroVariance'> {
  readonly model: string;
  /** Of the images; the model's own unless given. */
  readonly dataset?: string | undefined;
  /** Images to judge recipes on; those of `calibrationData` that nothing is calibrated with unless given. */
  readonly data?: string | undefined;
  /** Images to judge recipes on; JUDGED_IMAGES unless given. */
  readonly limit?: number | undefined;
  /** The TF8 file; the recipe lies beside it, as `OUT.recipe.json`. */
  readonly out: string;
  /** Whether a file at `out` or beside it that tf8 did not write is replaced. */
  readonly overwrite?: boolean | undefined;
  readonly seed: number;
  readonly tier: TierName | 'auto';
}
