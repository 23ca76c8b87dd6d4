import type { Dataset, ImageBatch } from '../../datasets/dataset.ts';
import { importOptional } from '../../foundation/optional_package.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { topClasses } from '../../quantize/execute/top_classes.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { InputFacts } from '../open/model_facts.ts';
import { asInput, inputShape, preparationOf } from '../open/model_input.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import { floatProbabilities } from '../open/probabilities.ts';
import type { Sample, Samples } from '../records/samples.ts';

const LISTED = 5;

/** Pixels of a side, for a report that stays small. */
const LARGEST_SIDE = 224;

export interface SampleOptions {
  readonly opened: Pick<OpenedFloatModel, 'graph'>;
  readonly tf8: Pick<Tf8Model, 'input' | 'classNames' | 'labelOffset'>;
  /** images [1, H, W, C] float32 as `input` has them in, the TF8 model's probabilities out. */
  readonly predictTf8: (images: Float32Array) => Float32Array;
  readonly dataset: Dataset;
  /** How images become the networks' input. */
  readonly input: InputFacts;
  readonly images: number;
  readonly seed: number;
}

/**
 * The first images of the seed's order (of the test split, none picked out) with the five likeliest
 * classes in float and in TF8. Images that cannot be read are left out.
 */
export async function takeSamples(options: SampleOptions, { signal }: Context): Promise<Samples> {
  const { opened, tf8, predictTf8, dataset, input: facts, images: limit, seed } = options;
  const taken: Sample[] = [];
  if (limit === 0) return { selection: 'no images: the network has no classes', images: taken };
  const batches = dataset.batches({
    split: 'test',
    batchSize: 1,
    limit,
    seed,
    signal,
    ...preparationOf(facts),
  });
  for await (const { images, shape, labels, names } of batches) {
    const input = asInput(images, facts);
    const float = await floatProbabilities(opened.graph, input, inputShape(shape, facts));
    const guesses = (probabilities: Float32Array) =>
      topClasses(probabilities, tf8, LISTED).map(({ name, probability }) => ({
        name,
        probability: Math.min(1, probability), // a sum of singles may be a hair more
      }));
    taken.push({
      image: names[0],
      ...(labels !== undefined && { label: dataset.classNames?.[labels[0]] }),
      jpeg: (await jpegOf(images, shape)).toString('base64'),
      float: guesses(float),
      tf8: guesses(predictTf8(input)),
    });
  }
  return {
    selection: `the first ${taken.length} of ${dataset.name} in the order of seed ${seed}, none picked out`,
    images: taken,
  };
}

/** @param image [height, width, 3] in [−1, 1] */
async function jpegOf(
  image: Float32Array,
  [, height, width]: ImageBatch['shape'],
): Promise<Buffer> {
  const { default: sharp } = await importOptional(() => import('sharp'));
  const pixels = Uint8Array.from(image, (value) =>
    Math.min(255, Math.max(0, Math.round((value + 1) * 127.5))),
  );
  const part = Math.min(1, LARGEST_SIDE / Math.max(height, width));
  const [rows, columns] = [height, width].map((side) => Math.max(1, Math.round(part * side)));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(columns, rows, { fit: 'fill' })
    .jpeg({ quality: 82 })
    .toBuffer();
}
