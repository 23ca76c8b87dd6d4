import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { TestImages, type TestImagesOptions } from '../analyze/test_images.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';

/** Images as a model takes them. */
export function modelImages(
  { facts: { input } }: Pick<OpenedFloatModel, 'facts'>,
  chosen: Pick<TestImagesOptions, 'dataset' | 'spans' | 'seed'>,
  context: Context,
): TestImages {
  const centralFraction = input.centralFraction ?? centralFractionOf(chosen.dataset.name);
  return new TestImages({ ...chosen, input: { ...input, centralFraction } }, context);
}
