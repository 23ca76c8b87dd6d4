import { resolve } from 'node:path';
import type { ZeroVariancePolicy } from '../../architectures/fold_batch_norm.ts';
import type { Dataset, SkippedImage } from '../../datasets/dataset.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { calibrate } from '../../quantize/convert/calibrate.ts';
import { convertGraph } from '../../quantize/convert/convert_graph.ts';
import { fuseLayersModel } from '../../quantize/convert/fuse.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { Context } from '../context.ts';
import type { OpenFloatModel } from './open_model.ts';

/** Calibration images per run of the float network: bounds memory. */
const CALIBRATION_BATCH = 10;

/** slim's preprocessing ends in this range, whatever the image. */
const INPUT_RANGE = { min: -1, max: 1 };

export interface CalibrationSource {
  readonly dataset: Dataset;
  readonly images: number;
  readonly seed: number;
  /** Images at the start of the seed's order that are left out, because they are evaluated. */
  readonly skip: number;
}

export interface QuantizedModel {
  readonly model: Tf8Model;
  /** Batch-norm channels whose variance was replaced, by layer. */
  readonly zeroVarianceChannels: Readonly<Record<string, number>>;
  readonly skipped: readonly SkippedImage[];
}

/** Folds, calibrates and converts a float model: training images calibrate where there are such. */
export async function quantizeModel(
  { model, card, name }: OpenFloatModel,
  zeroVariance: ZeroVariancePolicy,
  source: CalibrationSource,
  { reporter, signal }: Context,
): Promise<QuantizedModel> {
  const { dataset, seed, skip } = source;
  const graph = fuseLayersModel(model, { zeroVariance });
  const skipped: SkippedImage[] = [];
  const images = Math.min(source.images, dataset.count('train') - skip);
  const progress = reporter.start(`calibrating ${name}`, images, 'images');
  try {
    const batches = dataset.batches({
      split: 'train',
      batchSize: CALIBRATION_BATCH,
      resolution: graph.inputShape[0],
      limit: images,
      skip,
      seed,
      onSkip: (image) => {
        skipped.push(image);
        reporter.warn(`skipped ${image.name} in calibration: ${image.reason}`);
      },
    });
    const calibration = await calibrate(graph, batches, (done) => {
      signal.throwIfAborted();
      progress.update(done);
    });
    const converted = convertGraph(graph, calibration, {
      inputRange: INPUT_RANGE,
      labelOffset: card?.labelOffset ?? 0,
      classNames: card?.classNames ?? [],
      provenance: {
        floatModel: card?.origin.source ?? name,
        floatWeightsSha256: card?.weightsSha256 ?? '',
        calibrationImages: calibration.images,
        calibrationData: `${dataset.name} ${dataset.fingerprint}`,
        zeroVariance,
      },
    });
    return {
      model: converted,
      zeroVarianceChannels: Object.fromEntries(
        [...graph.zeroVarianceChannels].map(([layer, channels]) => [layer, channels.length]),
      ),
      skipped,
    };
  } finally {
    progress.end();
  }
}

export interface CalibrationOptions {
  readonly dataset: string;
  readonly data?: string | undefined;
  readonly calibrationData?: string | undefined;
  readonly calibrationImages: number;
  readonly seed: number;
}

/**
 * The images to calibrate with: those of `calibrationData`, else the training split of `evaluated`.
 * Where the evaluated images come from the same ones, the `limit` first of the seed's order are
 * left to the evaluation if enough remain.
 */
export async function calibrationSource(
  options: CalibrationOptions,
  evaluated: { readonly dataset: Dataset; readonly limit: number } | undefined,
  context: Context,
): Promise<CalibrationSource & { readonly overlap: boolean }> {
  const { calibrationData, calibrationImages, seed } = options;
  const same =
    evaluated !== undefined &&
    (calibrationData === undefined ||
      (options.data !== undefined && resolve(calibrationData) === resolve(options.data)));
  const dataset = same
    ? evaluated.dataset
    : await openDataset(options.dataset, {
        ...context,
        ...(calibrationData !== undefined && { dir: calibrationData }),
      });
  // One folder of images serves as both splits; data sets with two splits never overlap.
  const shared = same && evaluated.dataset.splitsAreEqual;
  const disjoint = shared && evaluated.limit + calibrationImages <= dataset.count('train');
  return {
    dataset,
    images: calibrationImages,
    seed,
    skip: disjoint ? evaluated.limit : 0,
    overlap: shared && !disjoint,
  };
}
