import type { Dataset } from '../../datasets/dataset.ts';
import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { type InputRange, SYMMETRIC } from './model_facts.ts';
import type { OpenedFloatModel, OpenedModel } from './opened_model.ts';

/**
 * A data set's images in the range that a model wants; the array itself where that is [−1, 1].
 * @param images [N, H, W, 3] in [−1, 1]
 */
export function inRange(images: Float32Array, { min, max }: InputRange): Float32Array {
  if (isSymmetric({ min, max })) return images;
  return images.map((value) => min + ((value + 1) / 2) * (max - min));
}

function isSymmetric({ min, max }: InputRange): boolean {
  return min === SYMMETRIC.min && max === SYMMETRIC.max;
}

/** "[-1, 1]" */
export function rangeTitle({ min, max }: InputRange): string {
  return `[${min}, ${max}]`;
}

/**
 * Checks that a network can be trained with, or rebuilt from, as ours are: on images in [−1, 1].
 * @throws UserError where it takes other images; the model is disposed of then
 */
export function requireSymmetric(opened: OpenedFloatModel): void {
  const { name, facts } = opened;
  const { range } = facts.input;
  if (isSymmetric(range)) return;
  opened.dispose();
  throw new UserError(
    `Expected a network of images in ${rangeTitle(SYMMETRIC)} to train with but ${name} takes them in ${rangeTitle(range)}`,
    { remedy: 'Save it for images in that range: fold the scaling into its first layer.' },
  );
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
