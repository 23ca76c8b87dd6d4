import type { Dataset, ImageBatch } from '../../datasets/dataset.ts';
import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { type InputFacts, type InputRange, SYMMETRIC } from './model_facts.ts';
import type { OpenedFloatModel, OpenedModel } from './opened_model.ts';

/** How a data set's images are asked for so that a model can take them. */
export function preparationOf({ shape, centralFraction, resample }: InputFacts) {
  const [height, width, channels] = shape;
  const alpha = channels === 4 ? { alpha: true } : {};
  return { resolution: height!, width: width!, centralFraction, resample, ...alpha };
}

/** The network's input on images of a data set: what it does not say is what that set's own networks see. */
export function inputOn(
  input: InputFacts,
  { name }: Pick<Dataset, 'name'>,
): InputFacts & { readonly centralFraction: number } {
  return { ...input, centralFraction: input.centralFraction ?? centralFractionOf(name) };
}

/** The shape of a batch as `asInput` makes it. */
export function inputShape(
  [count, height, width]: ImageBatch['shape'],
  { shape }: Pick<InputFacts, 'shape'>,
): ImageBatch['shape'] {
  return [count, height, width, shape[2]!];
}

/** Shares of red, green and blue in grey: ITU-R BT.601, as tf.image.rgb_to_grayscale has them. */
const GREY = [0.2989, 0.587, 0.114];

/**
 * A data set's images as a model wants their numbers; the array itself where that is RGB in [−1, 1].
 * @param images [N, H, W, 3] in [−1, 1]; with alpha, [N, H, W, 4], for a model of four channels
 * @returns [N, H, W, C]
 */
export function asInput(
  images: Float32Array,
  { shape, range }: Pick<InputFacts, 'shape' | 'range'>,
): Float32Array {
  return inRange(shape[2] === 1 ? inGrey(images) : images, range);
}

function inGrey(images: Float32Array): Float32Array {
  const grey = new Float32Array(images.length / 3);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const [r, g, b] = images.subarray(3 * pixel, 3 * pixel + 3);
    // The shares sum up to 0.9999: what is grey already stays as it is.
    grey[pixel] = r === g && g === b ? r : GREY[0] * r + GREY[1] * g + GREY[2] * b;
  }
  return grey;
}

/** @param images in [−1, 1], of three channels where the range tells them apart */
function inRange(images: Float32Array, range: InputRange): Float32Array {
  const { min, max, channels, order } = range;
  if (isSymmetric(range)) return images;
  if (channels === undefined && order === undefined) {
    return images.map((value) => min + ((value + 1) / 2) * (max - min));
  }
  const ranges = channels ?? [range, range, range];
  const from = order === 'bgr' ? 2 : 0;
  return images.map((_, index) => {
    const channel = index % 3;
    const value = images[index - channel + Math.abs(from - channel)];
    const { min: low, max: high } = ranges[channel];
    return low + ((value + 1) / 2) * (high - low);
  });
}

function isSymmetric({ min, max, channels, order }: InputRange): boolean {
  const isPlain = channels === undefined && order === undefined;
  return isPlain && min === SYMMETRIC.min && max === SYMMETRIC.max;
}

export function isSameRange(a: InputRange, b: InputRange): boolean {
  return rangeTitle(a) === rangeTitle(b);
}

/** "[-1, 1]", "[0, 255] in BGR" */
export function rangeTitle({ min, max, channels, order }: InputRange): string {
  const title = (channels ?? [{ min, max }]).map((one) => `[${one.min}, ${one.max}]`).join(' × ');
  return order === undefined ? title : `${title} in BGR`;
}

/**
 * Checks that a network can be trained with: on square RGB images.
 * @throws UserError where it takes other images; the model is disposed of then
 */
export function requireSquareRgb(opened: OpenedFloatModel): void {
  const { name, facts } = opened;
  const { shape } = facts.input;
  const [height, width, channels] = shape;
  if (height === width && channels === 3) return;
  opened.dispose();
  throw new UserError(
    `Expected a network of square RGB images to train with but ${name} takes [${shape}]`,
    { remedy: 'Make the network for square images with 3 channels.' },
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
