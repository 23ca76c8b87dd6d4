import { availableParallelism, cpus } from 'node:os';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { LabelledBatch, LabelledDataset, SkippedImage } from '../../datasets/dataset.ts';
import { type Shard, shardSpan, wholeShare } from '../../datasets/order/shard.ts';
import { accuracyOf, countRight, type RightCounts } from '../../datasets/scoring/accuracy.ts';
import type { Scores } from '../../datasets/scoring/top_k.ts';
import { UserError } from '../../foundation/errors.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { type Context, quietly } from '../../foundation/reporting/context.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import { graphPredictor } from '../../training/float_predictor.ts';
import { ONE_DNN_VARIABLE } from '../../training/tensorflow_environment.ts';
import { networkSha256 } from '../open/float_facts.ts';
import { type KernelsUsed, kernelsName } from '../open/kernels_used.ts';
import { labelOffsetOn, type ModelFacts, resolutionOf } from '../open/model_facts.ts';
import { asInput, inputShape, preparationOf } from '../open/model_input.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import { kernelsUsed, openPlan } from '../open/open_plan.ts';
import { tf8Facts, tf8Sha256 } from '../open/tf8_facts.ts';
import type { Identity } from '../records/stored_result.ts';
import { MEASURING_VERSION } from '../records/versions.ts';
import { countOutputs, type OutputsCount } from './compare_outputs.ts';
import { EvaluationClock, type EvaluationTime } from './evaluation_time.ts';
import type { MeasurementCache } from './measurement_cache.ts';

/** The outputs are compared on no more images than that where accuracy is measured on all. */
const COMPARED_IMAGES = 64;

/** Images of a prediction. */
const FLOAT_BATCH = 10;
const TF8_BATCH = 8;

/** Of one network, in percent. */
export interface Measured {
  readonly top1: number;
  readonly top5: number;
  readonly time: EvaluationTime;
  /** When that was, where it was measured before; ISO 8601. */
  readonly measuredAt?: string;
}

/** The counts that `Measured` is made of. */
export interface Counted extends RightCounts {
  readonly time: EvaluationTime;
  readonly measuredAt?: string;
}

export interface EvaluationOptions {
  readonly limit?: number | undefined;
  readonly seed: number;
  /** What was measured before; all is measured anew without it. */
  readonly cache?: MeasurementCache | undefined;
  /** Of the images up to the limit; all unless given. */
  readonly shard?: Shard | undefined;
}

/** What is measured of one network. */
interface MeasuredNetwork {
  readonly label: string;
  /** All that decides its figures beside the images and what it makes of them. */
  readonly identity: () => Promise<Identity>;
  readonly facts: ModelFacts;
  readonly batchSize: number;
  readonly predict: (
    images: Float32Array,
    shape: LabelledBatch['shape'],
  ) => Promise<Scores> | Scores;
}

/** Measures several networks on the same images of a data set's test split. */
export class Evaluation {
  readonly dataset: LabelledDataset;
  /** Images of the seed's order that are evaluated, broken ones included. */
  readonly limit: number;
  private readonly seed: number;
  private readonly context: Context;
  private readonly cache: MeasurementCache | undefined;
  private readonly shard: Shard | undefined;
  private readonly skipped = new Map<string, SkippedImage>();
  private images = 0;

  constructor(dataset: LabelledDataset, options: EvaluationOptions, context: Context) {
    this.dataset = dataset;
    this.limit = Math.min(options.limit ?? Infinity, dataset.count('test'));
    this.seed = options.seed;
    this.context = context;
    this.cache = options.cache;
    this.shard = options.shard;
  }

  /** @param label what the progress calls the network */
  async float(opened: OpenedFloatModel, label = opened.name): Promise<Measured> {
    return measured(await this.countFloat(opened, label));
  }

  async tf8(
    model: Tf8Model,
    tier: TierName | 'auto',
    label: string,
  ): Promise<Measured & KernelsUsed> {
    const { counted, used } = await this.countTf8(model, tier, label);
    return { ...measured(counted), ...used };
  }

  /** As `float`, of a shard's images. */
  async countFloat(opened: OpenedFloatModel, label = opened.name): Promise<Counted> {
    const { graph, facts } = opened;
    resolutionOf(opened);
    await selectBackend();
    const predictor = graphPredictor(graph);
    try {
      return await this.count({
        label: `${label}, float`,
        identity: async () => ({ precision: 'float', ...(await floatIdentity(graph)) }),
        facts,
        batchSize: FLOAT_BATCH,
        predict: (images, shape) =>
          predictor.predict(asInput(images, facts.input), inputShape(shape, facts.input)),
      });
    } finally {
      predictor.dispose();
    }
  }

  /** As `tf8`, of a shard's images. */
  async countTf8(
    model: Tf8Model,
    tier: TierName | 'auto',
    label: string,
  ): Promise<{ readonly counted: Counted; readonly used: KernelsUsed }> {
    using plan = openPlan(model, { tier, threads: availableParallelism() }, this.context.reporter);
    const facts = tf8Facts(model);
    const used = kernelsUsed(plan);
    const counted = await this.count({
      label: `${label}, TF8 (${kernelsName(used)})`,
      identity: async () => ({
        precision: 'tf8',
        file: await tf8Sha256(model),
        kernels: kernelsName(used),
      }),
      facts,
      batchSize: TF8_BATCH,
      predict: (images) => plan.predict(asInput(images, facts.input)),
    });
    return { counted, used };
  }

  /**
   * TF8 beside float at every output, on the first images: kept as the accuracies are. Images that could not
   * be read were named by these.
   */
  async countOutputs(
    opened: OpenedFloatModel,
    model: Tf8Model,
    tier: TierName | 'auto',
  ): Promise<OutputsCount> {
    const { dataset, seed, cache, context, shard } = this;
    const limit = Math.min(this.limit, COMPARED_IMAGES);
    const asked = { opened, tf8: model, tier, dataset, limit, seed, shard };
    const compare = () => countOutputs(asked, quietly(context));
    if (cache === undefined) return compare();
    const identity = {
      version: MEASURING_VERSION,
      precision: 'both',
      float: await floatIdentity(opened.graph),
      file: await tf8Sha256(model),
      tier,
      input: inputIdentity(tf8Facts(model)),
      data: this.dataIdentity(limit),
    };
    const found = await cache.findOutputs(identity);
    if (found !== undefined) return found;
    const begun = performance.now();
    const counted = await compare();
    await cache.keepOutputs(identity, counted, (performance.now() - begun) / 1000);
    return counted;
  }

  counts(): { images: number; skipped: number; skippedImages: SkippedImage[] } {
    const skippedImages = [...this.skipped.values()];
    return { images: this.images, skipped: skippedImages.length, skippedImages };
  }

  /** As it was counted before, or now. */
  private async count(network: MeasuredNetwork): Promise<Counted> {
    const { cache } = this;
    if (cache === undefined) return this.countNow(network);
    const identity = await this.identityOf(network);
    const found = await cache.find(identity);
    if (found !== undefined) {
      const { skippedImages, ...counted } = found;
      for (const image of skippedImages) this.skip(image);
      this.images = counted.images;
      return counted;
    }
    const skippedImages: SkippedImage[] = [];
    const counted = await this.countNow(network, (image) => skippedImages.push(image));
    const measuredAt = new Date().toISOString();
    if (counted.images > 0) await cache.keep(identity, { ...counted, skippedImages, measuredAt });
    return counted;
  }

  private dataIdentity(limit: number): Identity {
    const { dataset, seed, shard } = this;
    const { name, fingerprint } = dataset;
    return {
      dataset: name,
      sha256: fingerprint,
      split: 'test',
      limit,
      seed,
      ...(shard && { shard: [shard.number, shard.count] }),
    };
  }

  private async identityOf({ label, identity, facts }: MeasuredNetwork): Promise<Identity> {
    const { dataset, limit } = this;
    return {
      version: MEASURING_VERSION,
      ...(await identity()),
      input: inputIdentity(facts),
      labelOffset: this.labelOffset(label, facts),
      data: this.dataIdentity(limit),
      classes: sha256OfBytes(JSON.stringify(dataset.classNames)),
    };
  }

  /** Names an image once that could not be read. */
  private skip(image: SkippedImage): void {
    if (this.skipped.has(image.name)) return;
    this.skipped.set(image.name, image);
    this.context.reporter.warn(`skipped ${image.name}: ${image.reason}`);
  }

  private async countNow(
    { label, facts, batchSize, predict }: MeasuredNetwork,
    onSkip: (image: SkippedImage) => void = () => undefined,
  ): Promise<Counted> {
    const { reporter, signal } = this.context;
    const { seed, shard } = this;
    const clock = new EvaluationClock();
    const span = shardSpan(shard, this.limit, FLOAT_BATCH);
    const progress = reporter.start(label, span.limit, 'images');
    try {
      const counts = await countRight({
        batches: clock.waitFor(
          this.dataset.batches({
            split: 'test',
            batchSize,
            ...preparationOf(facts.input),
            ...span,
            seed,
            share: wholeShare, // An image's batch is the same, whatever is broken before it.
            onSkip: (image) => {
              onSkip(image);
              this.skip(image);
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
      this.images = counts.images;
      return { ...counts, time: clock.read(counts.images) };
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

/** @throws UserError where no image was counted */
export function measured({ time, measuredAt, ...counts }: Counted): Measured {
  const { top1, top5 } = accuracyOf(counts);
  return { top1, top5, time, ...(measuredAt !== undefined && { measuredAt }) };
}

/** What a network makes of images before it sees them. */
function inputIdentity({ input }: Pick<ModelFacts, 'input'>): Identity {
  const { centralFraction = null, range, resample, shape } = input;
  const [resolution, width] = shape;
  const { min, max, ...ofChannels } = range;
  return {
    resolution,
    ...(width !== resolution && { width }),
    centralFraction,
    range: [min, max],
    ...ofChannels,
    ...(resample && { resample }),
  };
}

/** All that decides what a float network makes of images. */
async function floatIdentity(graph: FloatGraph): Promise<Identity> {
  const { name, version } = await selectBackend();
  return {
    weights: networkSha256(graph),
    backend: `${name} ${version}`,
    oneDnn: process.env[ONE_DNN_VARIABLE] ?? '',
    processor: cpus()[0]?.model ?? '',
  };
}
