import type { Context } from '../../foundation/reporting/context.ts';
import { TestImages, type TestImagesOptions } from '../analyze/test_images.ts';
import { inputOn } from '../open/model_input.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';

/** Images as a model takes them. */
export function modelImages(
  { facts: { input } }: Pick<OpenedFloatModel, 'facts'>,
  chosen: Pick<TestImagesOptions, 'dataset' | 'spans' | 'seed'>,
  context: Context,
): TestImages {
  return new TestImages({ ...chosen, input: inputOn(input, chosen.dataset) }, context);
}
