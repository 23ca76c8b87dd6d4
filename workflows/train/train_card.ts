import type { ModelCard, StoredPreprocessing } from '../../checkpoints/store/model_card.ts';
import type { NewModelCard } from '../../checkpoints/store/model_store.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import type { TrainResult } from '../../training/loop/train_options.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { type InputRange, type OriginFacts, SYMMETRIC, weightsOf } from '../open/model_facts.ts';
import { isSameRange } from '../open/model_input.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';

/** What a trained network was made by, of and from. */
export interface TrainedFrom {
  readonly architecture: ModelCard['architecture'];
  /** Of a network that no row describes. */
  readonly preprocessing: StoredPreprocessing | undefined;
  /** For people (`titleOf`). */
  readonly title: string;
  readonly dataset: LabelledDataset;
  /** Of the images that it was trained on. */
  readonly range: InputRange;
  readonly recipe: Recipe;
  readonly seed: number;
  /** The start weights; random ones unless given. */
  readonly start: Pick<OriginFacts, 'source' | 'weightsSha256'> | undefined;
  readonly teacher: OpenedFloatModel | undefined;
}

/** The card of a trained network, as far as it came. */
export function trainedCard(from: TrainedFrom, result: TrainResult): NewModelCard {
  const { architecture, title, dataset, range, recipe, seed, start, teacher } = from;
  const begun = start?.source ?? 'random weights';
  const distilled = teacher === undefined ? '' : `, distilled from ${teacher.facts.origin.source}`;
  return {
    architecture,
    dataset: dataset.name,
    classNames: [...dataset.classNames],
    labelOffset: 0,
    origin: {
      source: `${title} trained on ${dataset.name} from ${begun}${distilled}`,
      route: 'tf8 train',
      sha256: start?.weightsSha256 ?? dataset.fingerprint,
    },
    ...preprocessingOf(from, range),
    training: {
      recipe: structuredClone(recipe) as unknown as Record<string, never>,
      images: result.imagesPerEpoch,
      validationImages: result.validationImages,
      dataSha256: dataset.fingerprint,
      ...(teacher && { teacher: weightsOf(teacher) }),
      seed,
      steps: result.steps,
      epochs: result.epochs.map((epoch) => ({ ...epoch })),
      ...(result.best && { best: { ...result.best } }),
    },
  };
}

function preprocessingOf(
  { preprocessing, dataset }: TrainedFrom,
  range: InputRange,
): Pick<NewModelCard, 'preprocessing'> {
  if (preprocessing !== undefined) return { preprocessing };
  if (isSameRange(range, SYMMETRIC)) return {};
  return {
    preprocessing: {
      centralFraction: centralFractionOf(dataset.name),
      range: structuredClone(range) as StoredPreprocessing['range'],
    },
  };
}
