import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import type { ImageSize } from '../../checkpoints/input_affine.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { Tf8Provenance } from '../../quantize/model/tf8_model.ts';
import type { RoundingName } from '../../quantize/params/roundings.ts';
import type { InputRange } from '../open/model_facts.ts';
import type { OpenedTf8Model } from '../open/open_model.ts';
import type { InputPreprocessing } from '../open/preprocessing.ts';
import { option } from '../wording.ts';

/** How a float model becomes a TF8 model; what is left out is taken from CONVERSION_DEFAULTS. */
export interface ConversionOptions {
  /** Name of a recipe of quantization, a JSON file, or the recipe itself; the best unless given. */
  readonly recipe?: string | Recipe | undefined;
  /** Short for a recipe: `mean` is option-1, `keep` as-published. */
  readonly zeroVariance?: ZeroVariancePolicy | undefined;
  /** The rule by which accumulators become bytes (eq. 16); eq. 5 unless given. */
  readonly profile?: RoundingName | undefined;
  readonly calibrationData?: string | undefined;
  readonly calibrationImages?: number | undefined;
  /** Of the images that the network takes, where it does not say; [−1, 1] unless given. */
  readonly inputRange?: InputRange | undefined;
  /** How images become the network's input, where it does not say. */
  readonly preprocessing?: InputPreprocessing | undefined;
  /** Height and width of the images, where the network leaves them open. */
  readonly resolution?: ImageSize | undefined;
  /** Names of the tensors that the network ends in; what TF8 can compute decides unless given. */
  readonly outputs?: readonly string[] | undefined;
}

export const CONVERSION_DEFAULTS = {
  recipe: 'best',
  calibrationImages: 200,
} as const;

/**
 * A TF8 file was converted when it was made: nothing of that can be chosen any more. Warns of
 * options that say otherwise, or that have no effect.
 */
export function warnOfConversionOptions(
  { name, model }: OpenedTf8Model,
  options: ConversionOptions,
  reporter: Reporter,
): void {
  const { provenance } = model;
  const { zeroVariance } = provenance;
  const given = [
    ['recipe', isOfFile(options.recipe, provenance) ? undefined : options.recipe],
    ['zeroVariance', options.zeroVariance === zeroVariance ? undefined : options.zeroVariance],
    ['calibrationData', options.calibrationData],
    ['calibrationImages', options.calibrationImages],
    ['inputRange', options.inputRange],
    ['preprocessing', options.preprocessing],
    ['resolution', options.resolution],
    ['outputs', options.outputs],
  ] as const;
  const idle = given.flatMap(([name, value]) => (value === undefined ? [] : [option(name)]));
  if (idle.length === 0) return;
  reporter.warn(
    `${idle.join(' and ')} ${idle.length === 1 ? 'has' : 'have'} no effect: ${name} is a TF8 file, made with ${madeWith(provenance)} and calibrated then; pass the float model to choose`,
  );
}

/** Whether this is the recipe that the file was made by; names tell recipes apart. */
function isOfFile(
  recipe: ConversionOptions['recipe'],
  { recipe: own, zeroVariance }: Tf8Provenance,
): boolean {
  if (recipe === undefined) return true;
  const name = typeof recipe === 'string' ? recipe : recipe.name;
  return name === (own?.name ?? PLAIN[zeroVariance]);
}

function madeWith({ recipe, zeroVariance }: Tf8Provenance): string {
  return recipe === undefined ? `zero variance "${zeroVariance}"` : `the recipe ${recipe.name}`;
}

/** Names of the recipes that the handling of zero variance alone tells. */
const PLAIN: Readonly<Record<ZeroVariancePolicy, string>> = {
  keep: 'as-published',
  mean: 'option-1',
};

/** How a network was quantized, in a few words: as zero variance is handled where that says all. */
export function howQuantized({
  recipe: { name },
  zeroVariance,
}: {
  readonly recipe: Pick<Recipe, 'name'>;
  readonly zeroVariance: ZeroVariancePolicy;
}): string {
  return name === PLAIN[zeroVariance] ? `zero variance: ${zeroVariance}` : `recipe: ${name}`;
}
