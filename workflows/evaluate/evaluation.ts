import { availableParallelism } from 'node:os';
import type { LabelledBatch, LabelledDataset, SkippedImage } from '../../datasets/dataset.ts';
import { measureAccuracy } from '../../datasets/scoring/accuracy.ts';
import type { Scores } from '../../datasets/scoring/top_k.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import { floatPredictor } from '../../training/float_predictor.ts';
import { type KernelsUsed, kernelsName } from '../open/kernels_used.ts';
import { labelOffsetOn, type ModelFacts, resolutionOf } from '../open/model_facts.ts';
import { inRange } from '../open/model_input.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import { kernelsUsed, openPlan } from '../open/open_plan.ts';
import { tf8Facts } from '../open/tf8_facts.ts';
import { EvaluationClock, type EvaluationTime } from './evaluation_time.ts';

/** Images of a prediction. */
const FLOAT_BATCH = 10;
const TF8_BATCH = 8;

/** Of one network, in percent. */
export interface Measured {
  readonly top1: number;
  readonly top5: number;
  readonly time: EvaluationTime;
}

export interface EvaluationOptions {
  readonly limit?: number | undefined;
  readonly seed: number;
}

/** Measures several networks on the same images of a data set's test split. */
export class Evaluation {
  readonly dataset: LabelledDataset;
  /** Images of the seed's order that are evaluated, broken ones included. */
  readonly limit: number;
  private readonly seed: number;
  private readonly context: Context;
  private readonly skipped = new Map<string, SkippedImage>();
  private images = 0;

  constructor(dataset: LabelledDataset, options: EvaluationOptions, context: Context) {
    this.dataset = dataset;
    this.limit = Math.min(options.limit ?? Infinity, dataset.count('test'));
    this.seed = options.seed;
    this.context = context;
  }

  /** @param label what the progress calls the network */
  async float(opened: OpenedFloatModel, label = opened.name): Promise<Measured> {
    const { model, facts } = opened;
    const resolution = resolutionOf(opened);
    await selectBackend();
    const predictor = floatPredictor(model);
    try {
      return await this.measure({
        label: `${label}, float`,
        facts,
        resolution,
        batchSize: FLOAT_BATCH,
        predict: (images, shape) => predictor.predict(inRange(images, facts.input.range), shape),
      });
    } finally {
      predictor.dispose();
    }
  }

  async tf8(
    model: Tf8Model,
    tier: TierName | 'auto',
    label: string,
  ): Promise<Measured & KernelsUsed> {
    using plan = openPlan(model, { tier, threads: availableParallelism() }, this.context.reporter);
    const facts = tf8Facts(model);
    const used = kernelsUsed(plan);
    const measured = await this.measure({
      label: `${label}, TF8 (${kernelsName(used)})`,
      facts,
      resolution: model.input.shape[0],
      batchSize: TF8_BATCH,
      predict: (images) => plan.predict(inRange(images, facts.input.range)),
    });
    return { ...measured, ...used };
  }

  counts(): { images: number; skipped: number; skippedImages: SkippedImage[] } {
    const skippedImages = [...this.skipped.values()];
    return { images: this.images, skipped: skippedImages.length, skippedImages };
  }

  private async measure(network: {
    readonly label: string;
    readonly facts: ModelFacts;
    readonly resolution: number;
    readonly batchSize: number;
    readonly predict: (
      images: Float32Array,
      shape: LabelledBatch['shape'],
    ) => Promise<Scores> | Scores;
  }): Promise<Measured> {
    const { label, facts, resolution, batchSize, predict } = network;
    const { reporter, signal } = this.context;
    const { limit, seed } = this;
    const clock = new EvaluationClock();
    const progress = reporter.start(label, limit, 'images');
    try {
      const { top1, top5, images } = await measureAccuracy({
        batches: clock.waitFor(
          this.dataset.batches({
            split: 'test',
            batchSize,
            resolution,
            centralFraction: facts.input.centralFraction,
            limit,
            seed,
            onSkip: (image) => {
              if (this.skipped.has(image.name)) return;
              this.skipped.set(image.name, image);
              reporter.warn(`skipped ${image.name}: ${image.reason}`);
            },
            onPrepared: (spent) => clock.addPreparation(spent),
          }),
        ),
        predict: clock.timed(predict),
        classes: facts.outputs,
        labelOffset: this.labelOffset(label, facts),
        signal,
        onProgress: (done) => progress.update(done),
      });
      this.images = images;
      return { top1, top5, time: clock.read(images) };
    } finally {
      progress.end();
    }
  }

  private labelOffset(label: string, facts: ModelFacts): number {
    const offset = labelOffsetOn(facts, this.dataset);
    if (offset !== undefined) return offset;
    const classes = this.dataset.classNames.length;
    throw new UserError(
      `Expected ${classes} outputs, or ${classes + 1} with a background class, for ${this.dataset.name} but ${label} has ${facts.outputs}`,
      { remedy: 'Evaluate the model on the data set that it was trained for.' },
    );
  }
}
