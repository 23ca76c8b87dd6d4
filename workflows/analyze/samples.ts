import type { Dataset } from '../../datasets/dataset.ts';
import { importOptional } from '../../foundation/optional_package.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { softmax, topClasses } from '../../quantize/execute/top_classes.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { InputRange } from '../open/model_facts.ts';
import { inRange } from '../open/model_input.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import { floatProbabilities } from '../open/probabilities.ts';
import type { Sample, Samples } from '../records/samples.ts';

const LISTED = 5;

/** Pixels of a side, for a report that stays small. */
const LARGEST_SIDE = 224;

export interface SampleOptions {
  readonly opened: Pick<OpenedFloatModel, 'graph'>;
  readonly tf8: Pick<Tf8Model, 'input' | 'classNames' | 'labelOffset'>;
  /** images [1, H, W, 3] float32 in `range` in, the TF8 model's logits out. */
  readonly predictTf8: (images: Float32Array) => Float32Array;
  readonly dataset: Dataset;
  /** See `BatchOptions`. */
  readonly centralFraction?: number | undefined;
  /** Of the images that the networks take. */
  readonly range: InputRange;
  readonly images: number;
  readonly seed: number;
}

/**
 * The first images of the seed's order (of the test split, none picked out) with the five likeliest
 * classes in float and in TF8. Images that cannot be read are left out.
 */
export async function takeSamples(options: SampleOptions, { signal }: Context): Promise<Samples> {
  const { opened, tf8, predictTf8, dataset, centralFraction, range, images: limit, seed } = options;
  const [resolution] = tf8.input.shape;
  const taken: Sample[] = [];
  if (limit === 0) return { selection: 'no images: the network has no classes', images: taken };
  const batches = dataset.batches({
    split: 'test',
    batchSize: 1,
    limit,
    seed,
    signal,
    resolution,
    centralFraction,
  });
  for await (const { images, shape, labels, names } of batches) {
    const input = inRange(images, range);
    const float = await floatProbabilities(opened.graph, input, shape);
    const guesses = (probabilities: Float32Array) =>
      topClasses(probabilities, tf8, LISTED).map(({ name, probability }) => ({
        name,
        probability: Math.min(1, probability), // a sum of singles may be a hair more
      }));
    taken.push({
      image: names[0],
      ...(labels !== undefined && { label: dataset.classNames?.[labels[0]] }),
      jpeg: (await jpegOf(images, resolution)).toString('base64'),
      float: guesses(float),
      tf8: guesses(softmax(predictTf8(input))),
    });
  }
  return {
    selection: `the first ${taken.length} of ${dataset.name} in the order of seed ${seed}, none picked out`,
    images: taken,
  };
}

/** @param image [side, side, 3] in [−1, 1] */
async function jpegOf(image: Float32Array, side: number): Promise<Buffer> {
  const { default: sharp } = await importOptional(() => import('sharp'));
  const pixels = Uint8Array.from(image, (value) => Math.round((value + 1) * 127.5));
  const shown = Math.min(side, LARGEST_SIDE);
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .resize(shown, shown)
    .jpeg({ quality: 82 })
    .toBuffer();
}
