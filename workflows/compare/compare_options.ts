import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { RoundingName } from '../../quantize/params/roundings.ts';
import type { ConversionOptions } from '../quantize/conversion.ts';

/** The recipes that are compared unless others are given. */
export const COMPARED_RECIPES = ['as-published', 'option-1', 'best'] as const;

/** The row of the float network. */
export const FLOAT_ROW = 'float';

export interface CompareOptions
  extends Omit<ConversionOptions, 'recipe' | 'zeroVariance' | 'calibrationImages' | 'profile'> {
  readonly model: string;
  /** The model's own unless given. */
  readonly dataset?: string | undefined;
  readonly data?: string | undefined;
  /** Names, JSON files or recipes themselves; COMPARED_RECIPES unless given. The float network is always there. */
  readonly recipes?: readonly (string | Recipe)[] | undefined;
  /** Rules of requantization (eq. 16): a row of each recipe for each, eq. 5 first; it alone unless given. */
  readonly profiles?: readonly RoundingName[] | undefined;
  /** Numbers of images to calibrate with: a row of each recipe for each. */
  readonly calibrationImages?: readonly number[] | undefined;
  /** Numbers of images that the last recipe is calibrated with as well; the others take the most of them unless told otherwise. */
  readonly curve?: readonly number[] | undefined;
  /** Disjoint subsets of images to calibrate with, for mean and spread; 1 unless given. */
  readonly subsets?: number | undefined;
  /** Whether the networks, that in float too, end in probabilities rather than in logits. */
  readonly softmax?: boolean | undefined;
  /** Images that are measured. */
  readonly limit?: number | undefined;
  readonly seed: number;
  readonly tier: TierName | 'auto';
  readonly runsDir: string;
  /** For the record: what repeats the comparison, without folders of the machine. */
  readonly command?: string | undefined;
}
