import type { Dataset } from '../../datasets/dataset.ts';
import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { Preprocessing, Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { OpenFloatModel, OpenModel, OpenTf8Model } from './open_model.ts';

/** What the pixels of every data set end in. */
const SYMMETRIC: Preprocessing['range'] = { min: -1, max: 1 };

/**
 * Part of each side of an image that a TF8 model sees: what it says, else what networks of its data set
 * see; undefined where it tells neither.
 */
export function tf8CentralFraction({
  preprocessing,
  provenance: { dataset },
}: Pick<Tf8Model, 'preprocessing' | 'provenance'>): number | undefined {
  if (preprocessing !== undefined) return preprocessing.centralFraction;
  return dataset === undefined ? undefined : centralFractionOf(dataset);
}

/** As `tf8CentralFraction`, of a model of either kind. */
export function modelCentralFraction(
  opened: Pick<OpenFloatModel, 'kind' | 'card'> | OpenTf8Model,
): number | undefined {
  if (opened.kind === 'tf8') return tf8CentralFraction(opened.model);
  return opened.card && centralFractionOf(opened.card.dataset);
}

/**
 * A data set's images in the range that a TF8 model wants; the array itself where that is [−1, 1].
 * @param images [N, H, W, 3] in [−1, 1]
 */
export function inRangeOf(
  { preprocessing }: Pick<Tf8Model, 'preprocessing'>,
  images: Float32Array,
): Float32Array {
  const { min, max } = preprocessing?.range ?? SYMMETRIC;
  if (min === SYMMETRIC.min && max === SYMMETRIC.max) return images;
  return images.map((value) => min + ((value + 1) / 2) * (max - min));
}

/** Warns where networks of the data set that was asked for see another part of an image than this one. */
export function warnOfOtherPreprocessing(
  opened: OpenModel,
  { name }: Pick<Dataset, 'name'>,
  reporter: Reporter,
): void {
  const [own, usual] = [modelCentralFraction(opened), centralFractionOf(name)];
  if (own === undefined || own === usual) return;
  const percent = (fraction: number) => `${Number((100 * fraction).toFixed(1))} %`;
  reporter.warn(
    `${opened.name} sees the middle ${percent(own)} of each side of an image, as it was made to; networks of ${name} see ${percent(usual)}`,
  );
}
