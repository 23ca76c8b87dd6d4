import { availableParallelism } from 'node:os';
import type { ZeroVariancePolicy } from '../../architectures/fold_batch_norm.ts';
import { UserError } from '../../checkpoints/artifacts/errors.ts';
import { type Accuracy, measureAccuracy } from '../../datasets/accuracy.ts';
import type { Dataset, ImageBatch, SkippedImage } from '../../datasets/dataset.ts';
import type { Scores } from '../../datasets/top_k.ts';
import { ExecutorPool } from '../../quantize/execute/executor_pool.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import { outputNode, type Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import { floatPredictor } from '../../training/float_predictor.ts';
import type { Context } from '../context.ts';
import {
  CONVERSION_DEFAULTS,
  type ConversionOptions,
  warnOfConversionOptions,
} from './conversion.ts';
import { openData } from './open_data.ts';
import { datasetOf, type OpenFloatModel, type OpenModel, openModel } from './open_model.ts';
import { calibrationSource, quantizeModel } from './quantize.ts';

/** Images of a float prediction; of a worker thread's task. */
const FLOAT_BATCH = 10;
const TF8_BATCH = 4;

export type Precision = 'float' | 'tf8' | 'both';

/** The options of the conversion have no effect on a TF8 file. */
export interface EvaluateOptions extends ConversionOptions {
  readonly model: string;
  /** The model's own unless given. */
  readonly dataset?: string | undefined;
  readonly data?: string | undefined;
  readonly precision: Precision;
  readonly seed: number;
  readonly limit?: number | undefined;
  readonly tier: TierName | 'auto';
}

export interface EvaluateResult {
  readonly model: string;
  readonly dataset: string;
  /** Images that were scored, and images that could not be read. */
  readonly images: number;
  readonly skipped: number;
  readonly skippedImages: readonly SkippedImage[];
  /** In percent. */
  readonly float?: { readonly top1: number; readonly top5: number };
  readonly tf8?: { readonly top1: number; readonly top5: number; readonly tier: TierName };
  /** Absent where only the float network was measured. */
  readonly calibration?: Calibration | FileCalibration;
}

interface CalibrationBasis {
  readonly images: number;
  /** Name and fingerprint of the data set. */
  readonly data: string;
  readonly zeroVariance: ZeroVariancePolicy;
}

export interface Calibration extends CalibrationBasis {
  readonly source: 'data';
  /** Images that could not be read. */
  readonly skipped: number;
  /** Batch-norm channels whose variance was replaced, by layer. */
  readonly zeroVarianceChannels: Readonly<Record<string, number>>;
  /** Some images were calibrated with and evaluated. */
  readonly overlap: boolean;
}

/** What a TF8 file tells of its calibration. */
export interface FileCalibration extends CalibrationBasis {
  readonly source: 'file';
}

/** Accuracy of a model in float, in TF8, or both on the same images. */
export async function evaluate(
  options: EvaluateOptions,
  context: Context,
): Promise<EvaluateResult> {
  const opened = await openModel(options.model, context);
  try {
    return await evaluateOpened(opened, options, context);
  } finally {
    if (opened.kind === 'float') opened.model.dispose();
  }
}

async function evaluateOpened(
  opened: OpenModel,
  options: EvaluateOptions,
  context: Context,
): Promise<EvaluateResult> {
  if (opened.kind === 'tf8') warnOfConversionOptions(opened, options, context.reporter);
  const name = options.dataset ?? datasetOf(opened);
  const dataset = await openData(name, options.data, '--data', context);
  const evaluation = new Evaluation(dataset, options, context);
  const named = { model: opened.name, dataset: dataset.name };
  if (opened.kind === 'tf8') {
    if (options.precision === 'float') {
      throw new UserError(
        `Expected a float model for --precision float but ${opened.name} is a TF8 file`,
        { remedy: 'Pass the model that it was quantized from, or --precision tf8.' },
      );
    }
    const tf8 = await evaluation.tf8(opened.model, options.tier, opened.name);
    return {
      ...named,
      ...evaluation.counts(),
      tf8,
      calibration: { source: 'file', ...calibrationBasis(opened.model) },
    };
  }
  if (dataset.splitsAreEqual && opened.card?.training?.dataSha256 === dataset.fingerprint) {
    context.reporter.warn(
      'the model was trained on these images: the figures tell how well it learnt them, not how well it does on others',
    );
  }
  const float = options.precision === 'tf8' ? undefined : await evaluation.float(opened);
  if (options.precision === 'float') return { ...named, ...evaluation.counts(), float: float! };
  const source = await calibrationSource({ ...options, dataset: name }, evaluation, context);
  if (source.overlap) {
    context.reporter.warn(
      'some calibration images are among the evaluated ones; pass another folder as --calibration-data, or --limit',
    );
  }
  const { zeroVariance = CONVERSION_DEFAULTS.zeroVariance } = options;
  const quantized = await quantizeModel(opened, zeroVariance, source, context);
  const tf8 = await evaluation.tf8(quantized.model, options.tier, opened.name);
  return {
    ...named,
    ...evaluation.counts(),
    ...(float && { float }),
    tf8,
    calibration: {
      source: 'data',
      ...calibrationBasis(quantized.model),
      skipped: quantized.skipped.length,
      zeroVarianceChannels: quantized.zeroVarianceChannels,
      overlap: source.overlap,
    },
  };
}

function calibrationBasis({ provenance }: Tf8Model): CalibrationBasis {
  const { calibrationImages, calibrationData, zeroVariance } = provenance;
  return { images: calibrationImages, data: calibrationData, zeroVariance };
}

export interface EvaluationOptions {
  readonly limit?: number | undefined;
  readonly seed: number;
}

/** Measures several networks on the same images of a data set's test split. */
export class Evaluation {
  readonly dataset: Dataset;
  /** Images of the seed's order that are evaluated, broken ones included. */
  readonly limit: number;
  private readonly seed: number;
  private readonly context: Context;
  private readonly skipped = new Map<string, SkippedImage>();
  private images = 0;

  constructor(dataset: Dataset, options: EvaluationOptions, context: Context) {
    this.dataset = dataset;
    this.limit = Math.min(options.limit ?? Infinity, dataset.count('test'));
    this.seed = options.seed;
    this.context = context;
  }

  /** @param label what the progress calls the network */
  async float(
    { model, card, name }: OpenFloatModel,
    label = name,
  ): Promise<{ top1: number; top5: number }> {
    const [, resolution, ,] = model.inputs[0]!.shape;
    await selectBackend();
    const predictor = floatPredictor(model);
    try {
      const { top1, top5 } = await this.measure({
        label: `${label}, float`,
        resolution: resolution!,
        batchSize: FLOAT_BATCH,
        concurrency: 1,
        classes: model.outputs[0]!.shape.at(-1)!,
        labelOffset: card?.labelOffset,
        predict: predictor.predict,
      });
      return { top1, top5 };
    } finally {
      predictor.dispose();
    }
  }

  async tf8(
    model: Tf8Model,
    tier: TierName | 'auto',
    label: string,
  ): Promise<{ top1: number; top5: number; tier: TierName }> {
    const selected = selectKernels(tier);
    for (const note of selected.notes) this.context.reporter.warn(note);
    const pool = await ExecutorPool.start(model, {
      tier: selected.tier,
      threads: availableParallelism(),
    });
    try {
      const { top1, top5 } = await this.measure({
        label: `${label}, TF8 (${selected.tier})`,
        resolution: model.input.shape[0],
        batchSize: TF8_BATCH,
        concurrency: 2 * pool.threads,
        classes: outputNode(model).output.shape[2],
        labelOffset: model.labelOffset,
        predict: (images) => pool.predict(images),
      });
      return { top1, top5, tier: selected.tier };
    } finally {
      await pool.close();
    }
  }

  counts(): { images: number; skipped: number; skippedImages: SkippedImage[] } {
    const skippedImages = [...this.skipped.values()];
    return { images: this.images, skipped: skippedImages.length, skippedImages };
  }

  private async measure(network: {
    readonly label: string;
    readonly resolution: number;
    readonly batchSize: number;
    readonly concurrency: number;
    readonly classes: number;
    readonly labelOffset: number | undefined;
    readonly predict: (images: Float32Array, shape: ImageBatch['shape']) => Promise<Scores>;
  }): Promise<Accuracy> {
    const { label, resolution, batchSize, concurrency, classes, predict } = network;
    const { reporter, signal } = this.context;
    const { limit, seed } = this;
    const progress = reporter.start(label, limit, 'images');
    try {
      const accuracy = await measureAccuracy({
        batches: this.dataset.batches({
          split: 'test',
          batchSize,
          resolution,
          limit,
          seed,
          onSkip: (image) => {
            if (this.skipped.has(image.name)) return;
            this.skipped.set(image.name, image);
            reporter.warn(`skipped ${image.name}: ${image.reason}`);
          },
        }),
        predict,
        classes,
        labelOffset: this.labelOffset(label, classes, network.labelOffset),
        concurrency,
        signal,
        onProgress: (done) => progress.update(done),
      });
      this.images = accuracy.images;
      return accuracy;
    } finally {
      progress.end();
    }
  }

  /** From the model's card; a model without one has a background class if it has one output more than the data set has classes. */
  private labelOffset(label: string, outputs: number, known: number | undefined): number {
    const classes = this.dataset.classNames.length;
    const offset = known ?? outputs - classes;
    if (outputs - offset !== classes || offset < 0 || offset > 1) {
      throw new UserError(
        `Expected ${classes} outputs, or ${classes + 1} with a background class, for ${this.dataset.name} but ${label} has ${outputs}`,
        { remedy: 'Evaluate the model on the data set that it was trained for.' },
      );
    }
    return offset;
  }
}
