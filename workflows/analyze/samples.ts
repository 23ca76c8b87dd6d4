import type { Dataset, ImageBatch } from '../../datasets/dataset.ts';
import { coloursOf } from '../../datasets/images/preprocess_rgba.ts';
import { importOptional } from '../../foundation/optional_package.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { topClasses } from '../../quantize/execute/top_classes.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { InputFacts } from '../open/model_facts.ts';
import { asInput, inputShape, preparationOf } from '../open/model_input.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import { floatProbabilities } from '../open/probabilities.ts';
import type { OutputPicture } from '../pictures/output_pictures.ts';
import type { Photograph } from '../pictures/output_sheet.ts';
import { pixelsOf } from '../pictures/tensor_picture.ts';
import type { Sample, Samples } from '../records/samples.ts';

const LISTED = 5;

/** Pixels of a side, for a report that stays small. */
const LARGEST_SIDE = 224;

export interface SampleOptions {
  readonly opened: Pick<OpenedFloatModel, 'graph'>;
  readonly tf8: Pick<Tf8Model, 'input' | 'classNames' | 'labelOffset'>;
  /** images [1, H, W, C] float32 as `input` has them in, the TF8 model's probabilities out; absent of one without classes. */
  readonly predictTf8?: (images: Float32Array) => Float32Array;
  /** Pictures of the outputs that are images; absent where none is. */
  readonly draw?: (
    image: Pick<ImageBatch, 'images' | 'shape'>,
    photograph: Photograph,
  ) => Promise<readonly OutputPicture[]>;
  readonly dataset: Dataset;
  /** How images become the networks' input. */
  readonly input: InputFacts;
  readonly images: number;
  readonly seed: number;
}

/**
 * The first images of the seed's order (of the test split, none picked out) with the five likeliest
 * classes in float and in TF8, and with pictures of outputs. Images that cannot be read are left out.
 */
export async function takeSamples(options: SampleOptions, { signal }: Context): Promise<Samples> {
  const { opened, tf8, predictTf8, draw, dataset, input: facts, images: limit, seed } = options;
  const taken: Sample[] = [];
  if (predictTf8 === undefined && draw === undefined) {
    const selection = 'no images: the network has no classes, and no image for an output';
    return { selection, images: taken };
  }
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
    const batch = { images: input, shape: inputShape(shape, facts) };
    const [, height, width, channels] = shape;
    const colours = coloursOf(images, channels);
    const pictures = await draw?.(batch, { values: colours, height, width });
    const guesses = (probabilities: Float32Array) =>
      topClasses(probabilities, tf8, LISTED).map(({ name, probability }) => ({
        name,
        probability: Math.min(1, probability), // a sum of singles may be a hair more
      }));
    taken.push({
      image: names[0],
      ...(labels !== undefined && { label: dataset.classNames?.[labels[0]] }),
      jpeg: (await jpegOf(colours, shape)).toString('base64'),
      ...(predictTf8 === undefined
        ? { float: [], tf8: [] }
        : {
            float: guesses(await floatProbabilities(opened.graph, input, batch.shape)),
            tf8: guesses(predictTf8(input)),
          }),
      ...(pictures && { pictures: pictures.map(inBase64) }),
    });
  }
  return {
    selection: `the first ${taken.length} of ${dataset.name} in the order of seed ${seed}, none picked out`,
    images: taken,
  };
}

function inBase64({ output, float, tf8 }: OutputPicture) {
  return { output, float: float!.toString('base64'), tf8: tf8.toString('base64') };
}

/** @param image [height, width, 3] in [−1, 1] */
async function jpegOf(
  image: Float32Array,
  [, height, width]: ImageBatch['shape'],
): Promise<Buffer> {
  const { default: sharp } = await importOptional(() => import('sharp'));
  const part = Math.min(1, LARGEST_SIDE / Math.max(height, width));
  const [rows, columns] = [height, width].map((side) => Math.max(1, Math.round(part * side)));
  return sharp(pixelsOf(image), { raw: { width, height, channels: 3 } })
    .resize(columns, rows, { fit: 'fill' })
    .jpeg({ quality: 82 })
    .toBuffer();
}
