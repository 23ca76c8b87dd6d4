import type { Dataset } from '../../datasets/dataset.ts';
import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { type InputFacts, SYMMETRIC } from './model_facts.ts';
import type { OpenedModel } from './open_model.ts';

/**
 * A data set's images in the range that a model wants; the array itself where that is [−1, 1].
 * @param images [N, H, W, 3] in [−1, 1]
 */
export function inRange(images: Float32Array, { min, max }: InputFacts['range']): Float32Array {
  if (min === SYMMETRIC.min && max === SYMMETRIC.max) return images;
  return images.map((value) => min + ((value + 1) / 2) * (max - min));
}

/** Warns where networks of the data set that was asked for see another part of an image than this one. */
export function warnOfOtherPreprocessing(
  { name: model, facts }: OpenedModel,
  { name }: Pick<Dataset, 'name'>,
  reporter: Reporter,
): void {
  const [own, usual] = [facts.input.centralFraction, centralFractionOf(name)];
  if (own === undefined || own === usual) return;
  const percent = (fraction: number) => `${Number((100 * fraction).toFixed(1))} %`;
  reporter.warn(
    `${model} sees the middle ${percent(own)} of each side of an image, as it was made to; networks of ${name} see ${percent(usual)}`,
  );
}
