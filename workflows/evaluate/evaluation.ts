import { availableParallelism, cpus } from 'node:os';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { LabelledBatch, LabelledDataset, SkippedImage } from '../../datasets/dataset.ts';
import { measureAccuracy } from '../../datasets/scoring/accuracy.ts';
import type { Scores } from '../../datasets/scoring/top_k.ts';
import { UserError } from '../../foundation/errors.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
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
import { tf8Facts } from '../open/tf8_facts.ts';
import type { Identity } from '../records/stored_result.ts';
import { MEASURING_VERSION } from '../records/versions.ts';
import { type ComparedOutputs, compareOutputs, OutputFigures } from './compare_outputs.ts';
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

export interface EvaluationOptions {
  readonly limit?: number | undefined;
  readonly seed: number;
  /** What was measured before; all is measured anew without it. */
  readonly cache?: MeasurementCache | undefined;
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
  private readonly skipped = new Map<string, SkippedImage>();
  private images = 0;

  constructor(dataset: LabelledDataset, options: EvaluationOptions, context: Context) {
    this.dataset = dataset;
    this.limit = Math.min(options.limit ?? Infinity, dataset.count('test'));
    this.seed = options.seed;
    this.context = context;
    this.cache = options.cache;
  }

  /** @param label what the progress calls the network */
  async float(opened: OpenedFloatModel, label = opened.name): Promise<Measured> {
    const { graph, facts } = opened;
    resolutionOf(opened);
    await selectBackend();
    const predictor = graphPredictor(graph);
    try {
      return await this.measure({
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
      identity: async () => ({
        precision: 'tf8',
        file: sha256OfBytes(await encodeTf8(model)),
        kernels: kernelsName(used),
      }),
      facts,
      batchSize: TF8_BATCH,
      predict: (images) => plan.predict(asInput(images, facts.input)),
    });
    return { ...measured, ...used };
  }

  /**
   * TF8 beside float at every output, on the first images: kept as the accuracies are. Images that could not
   * be read were named by these.
   */
  async outputs(
    opened: OpenedFloatModel,
    model: Tf8Model,
    tier: TierName | 'auto',
  ): Promise<ComparedOutputs> {
    const { dataset, seed, cache, context } = this;
    const limit = Math.min(this.limit, COMPARED_IMAGES);
    const compare = () =>
      compareOutputs({ opened, tf8: model, tier, dataset, limit, seed }, quietly(context));
    if (cache === undefined) return compare();
    const identity = {
      version: MEASURING_VERSION,
      precision: 'both',
      float: await floatIdentity(opened.graph),
      file: sha256OfBytes(await encodeTf8(model)),
      tier,
      input: inputIdentity(tf8Facts(model)),
      data: { dataset: dataset.name, sha256: dataset.fingerprint, split: 'test', limit, seed },
    };
    const found = await cache.findOutputs(identity);
    if (found !== undefined) {
      const outputs = found.outputs.map(
        ({ name, sqnrDb, cosine, agreement }) => new OutputFigures(name, sqnrDb, cosine, agreement),
      );
      return { ...found, outputs };
    }
    const begun = performance.now();
    const compared = await compare();
    const { images, skipped, outputs } = compared;
    const kept = {
      images,
      skipped: skipped.map(({ name, reason }) => ({ name, reason })),
      outputs: outputs.map(({ name, sqnrDb, cosine, agreement }) => ({
        name,
        sqnrDb,
        cosine,
        agreement,
      })),
    };
    await cache.keepOutputs(identity, kept, (performance.now() - begun) / 1000);
    return compared;
  }

  counts(): { images: number; skipped: number; skippedImages: SkippedImage[] } {
    const skippedImages = [...this.skipped.values()];
    return { images: this.images, skipped: skippedImages.length, skippedImages };
  }

  /** As it was measured before, or now. */
  private async measure(network: MeasuredNetwork): Promise<Measured> {
    const { cache } = this;
    if (cache === undefined) return this.measureNow(network);
    const identity = await this.identityOf(network);
    const found = await cache.find(identity);
    if (found !== undefined) {
      const { images, skippedImages, ...measured } = found;
      for (const image of skippedImages) this.skip(image);
      this.images = images;
      return measured;
    }
    const skippedImages: SkippedImage[] = [];
    const measured = await this.measureNow(network, (image) => skippedImages.push(image));
    const measuredAt = new Date().toISOString();
    await cache.keep(identity, { ...measured, images: this.images, skippedImages, measuredAt });
    return measured;
  }

  private async identityOf({ label, identity, facts }: MeasuredNetwork): Promise<Identity> {
    const { dataset, limit, seed } = this;
    return {
      version: MEASURING_VERSION,
      ...(await identity()),
      input: inputIdentity(facts),
      labelOffset: this.labelOffset(label, facts),
      data: { dataset: dataset.name, sha256: dataset.fingerprint, split: 'test', limit, seed },
      classes: sha256OfBytes(JSON.stringify(dataset.classNames)),
    };
  }

  /** Names an image once that could not be read. */
  private skip(image: SkippedImage): void {
    if (this.skipped.has(image.name)) return;
    this.skipped.set(image.name, image);
    this.context.reporter.warn(`skipped ${image.name}: ${image.reason}`);
  }

  private async measureNow(
    { label, facts, batchSize, predict }: MeasuredNetwork,
    onSkip: (image: SkippedImage) => void = () => undefined,
  ): Promise<Measured> {
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
            ...preparationOf(facts.input),
            limit,
            seed,
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

/** Without warnings, which another look at the same images gave. */
function quietly(context: Context): Context {
  return { ...context, reporter: { ...context.reporter, warn() {} } };
}
