import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { TestImages, type TestImagesOptions } from '../analyze/test_images.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';

/** Images as a model takes them. */
export function modelImages(
  { graph, facts: { input } }: Pick<OpenedFloatModel, 'graph' | 'facts'>,
  chosen: Pick<TestImagesOptions, 'dataset' | 'spans' | 'seed'>,
  context: Context,
): TestImages {
  return new TestImages(
    {
      ...chosen,
      resolution: graph.input.shape[0],
      centralFraction: input.centralFraction ?? centralFractionOf(chosen.dataset.name),
      range: input.range,
    },
    context,
  );
}
