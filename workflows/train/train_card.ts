import type { NetworkConfig } from '../../architectures/network.ts';
import { architectureOf, type StoredPreprocessing } from '../../checkpoints/store/model_card.ts';
import type { NewModelCard } from '../../checkpoints/store/model_store.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import type { TrainResult } from '../../training/loop/train_options.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { type InputRange, SYMMETRIC, weightsOf } from '../open/model_facts.ts';
import { isSameRange } from '../open/model_input.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';

/** What a trained network was made by, of and from. */
export interface TrainedFrom {
  readonly config: NetworkConfig;
  /** For people (`titleOf`). */
  readonly title: string;
  readonly dataset: LabelledDataset;
  /** Of the images that it was trained on. */
  readonly range: InputRange;
  readonly recipe: Recipe;
  readonly seed: number;
  /** The model that gave the start weights. */
  readonly source: OpenedFloatModel | undefined;
  readonly teacher: OpenedFloatModel | undefined;
}

/** The card of a trained network, as far as it came. */
export function trainedCard(from: TrainedFrom, result: TrainResult): NewModelCard {
  const { config, title, dataset, range, recipe, seed, source, teacher } = from;
  const start = source === undefined ? 'random weights' : source.facts.origin.source;
  const distilled = teacher === undefined ? '' : `, distilled from ${teacher.facts.origin.source}`;
  return {
    architecture: architectureOf(config),
    dataset: dataset.name,
    classNames: [...dataset.classNames],
    labelOffset: 0,
    origin: {
      source: `${title} trained on ${dataset.name} from ${start}${distilled}`,
      route: 'tf8 train',
      sha256: source?.facts.origin.weightsSha256 ?? dataset.fingerprint,
    },
    ...(!isSameRange(range, SYMMETRIC) && {
      preprocessing: {
        centralFraction: centralFractionOf(dataset.name),
        range: structuredClone(range) as StoredPreprocessing['range'],
      },
    }),
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
