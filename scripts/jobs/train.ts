import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_model.ts';
import type { ZeroVariancePolicy } from '../../architectures/fold_batch_norm.ts';
import type { TransferReport } from '../../architectures/transfer_weights.ts';
import type { Variant } from '../../architectures/variants.ts';
import { makeWritableFolder } from '../../checkpoints/artifacts/writable_folder.ts';
import type { ModelCard } from '../../checkpoints/model_card.ts';
import { type NewModelCard, saveModelFolder } from '../../checkpoints/model_store.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import { holdOutValidation } from '../../datasets/hold_out.ts';
import { selectTrainingBackend } from '../../training/backend.ts';
import { RunBudget } from '../../training/loop/budget.ts';
import { epochImages } from '../../training/loop/epoch_images.ts';
import { train } from '../../training/loop/train.ts';
import type { TrainOptions, TrainResult } from '../../training/loop/train_options.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { createTrainStep } from '../../training/step/create_train_step.ts';
import type { TrainStep } from '../../training/step/train_step.ts';
import type { TrainingObserver } from '../../training/watch/observer.ts';
import { watchRun } from '../../training/watch/watch_run.ts';
import type { Context } from '../context.ts';
import { type OpenCheckpoints, openCheckpoints } from './open_checkpoints.ts';
import type { OpenFloatModel } from './open_model.ts';
import { openSource, startFrom } from './start_weights.ts';

/** How a training is stored while it goes on: checkpoints, metrics, TensorBoard's events, a curve. */
export interface RunOptions {
  /** Goes on from the newest checkpoint, where there is one. */
  readonly resume: boolean;
  /** A checkpoint is taken when either has passed. */
  readonly checkpointSeconds?: number | undefined;
  readonly checkpointSteps?: number | undefined;
}

export interface TrainJobOptions {
  readonly variant: Variant;
  /** Name or path of the model to start from; random weights without it. */
  readonly from?: string | undefined;
  /** For depthwise batch norms that are folded into the start weights. */
  readonly zeroVariance: ZeroVariancePolicy;
  readonly dataset: Dataset;
  readonly recipe: Recipe;
  readonly widthMultiplier: number;
  /** Images of an epoch; all unless given. */
  readonly limit?: number | undefined;
  /** Training images that are held out to measure the network after each epoch; none unless given. */
  readonly validationImages?: number | undefined;
  readonly seed: number;
  /** Folder of the trained model. */
  readonly out: string;
  /** Trains operation by operation even where the step could be compiled. */
  readonly eager?: boolean | undefined;
  /** What else is stored in `out`; only the model without it. */
  readonly run?: RunOptions | undefined;
}

export interface TrainJobResult {
  readonly out: string;
  readonly card: ModelCard;
  /** Folder of the network that did best on the images held out. */
  readonly best?: string;
  readonly training: TrainResult;
  /** What became of the start weights; absent when training from random weights. */
  readonly start?: TransferReport;
}

/** Images that are held out at most, unless asked for: enough to tell networks half a point apart. */
const MOST_VALIDATION_IMAGES = 5000;

/** A twentieth of the images of an epoch, which costs little beside training on the others. */
export function defaultValidationImages(dataset: Dataset, limit = Infinity): number {
  const images = Math.min(limit, dataset.count('train'));
  return Math.min(Math.floor(images / 20), MOST_VALIDATION_IMAGES);
}

/**
 * Builds a variant, starts it from a trained model or from random weights, trains it and stores it.
 * After Ctrl-C the weights reached so far are stored.
 * @throws UserError before anything is loaded where `out` cannot be written or holds another
 *   training, and where the model to start from does not fit the variant
 */
export async function trainJob(
  options: TrainJobOptions,
  context: Context,
): Promise<TrainJobResult> {
  const { dataset, out, run, validationImages = 0, seed } = options;
  await makeWritableFolder(out);
  const divided =
    validationImages > 0 ? holdOutValidation(dataset, validationImages, seed) : dataset;
  const checkpoints = run && (await openCheckpoints(out, run.resume, context.reporter));
  const job = new TrainJob({ ...options, dataset: divided }, checkpoints, context);
  try {
    return await job.run();
  } finally {
    job.dispose();
    await checkpoints?.folder.close();
  }
}

class TrainJob {
  private readonly options: TrainJobOptions;
  private readonly checkpoints: OpenCheckpoints | undefined;
  private readonly context: Context;
  private source: OpenFloatModel | undefined;
  private model: tf.LayersModel | undefined;
  private step: TrainStep | undefined;

  /** @param options with the data set divided */
  constructor(
    options: TrainJobOptions,
    checkpoints: OpenCheckpoints | undefined,
    context: Context,
  ) {
    this.options = options;
    this.checkpoints = checkpoints;
    this.context = context;
  }

  async run(): Promise<TrainJobResult> {
    const { from, out, variant, recipe, widthMultiplier, eager = false } = this.options;
    await selectTrainingBackend();
    if (from !== undefined) this.source = await openSource(from, widthMultiplier, this.context);
    this.model = this.build();
    const start = this.source && startFrom(this.source, this.model, this.options);
    this.step = await createTrainStep(this.model, recipe, {
      regularizeDepthwise: variant.regularizeDepthwise,
      eager,
      reporter: this.context.reporter,
    });
    const training = await train(this.step, await this.trainOptions(this.model));
    const card = await this.save(this.model, this.step, training, out);
    return {
      out,
      card,
      ...(training.best && { best: this.bestDir }),
      training,
      ...(start && { start }),
    };
  }

  dispose(): void {
    this.step?.dispose();
    this.source?.model.dispose();
    this.model?.dispose();
  }

  private build(): tf.LayersModel {
    const { variant, widthMultiplier, recipe, dataset, seed } = this.options;
    const { resolution, dropout, batchNormDecay, logitsStddev } = recipe;
    return buildMobileNetV1(
      { variant, widthMultiplier, resolution, classes: dataset.classNames.length },
      { dropout, batchNormDecay, logitsStddev, seed },
    );
  }

  private async trainOptions(model: tf.LayersModel): Promise<TrainOptions> {
    const { dataset, recipe, limit, seed, from, run, variant } = this.options;
    const { checkpoints, context } = this;
    return {
      dataset,
      recipe,
      network: model.name,
      label: `training ${variant.name}`,
      start: this.source?.card?.weightsSha256 ?? from ?? 'random weights',
      limit,
      seed,
      reporter: context.reporter,
      signal: context.signal,
      keepBest: async (soFar) => {
        await this.save(model, this.step!, soFar, this.bestDir);
      },
      ...(checkpoints && {
        observer: await this.watch(),
        checkpoints: {
          folder: checkpoints.folder,
          everySeconds: run?.checkpointSeconds,
          everySteps: run?.checkpointSteps,
        },
        resume: checkpoints.resume,
      }),
    };
  }

  private watch(): Promise<TrainingObserver> {
    const { variant, dataset, recipe, limit, out } = this.options;
    return watchRun(out, {
      title: `${variant.name} on ${dataset.name}`,
      steps: new RunBudget(recipe, epochImages(dataset, recipe, limit)).steps,
      resumedFrom: this.checkpoints?.resume?.step,
      reporter: this.context.reporter,
    });
  }

  private get bestDir(): string {
    return join(this.options.out, 'best');
  }

  /** Stores the network that the step gives. */
  private save(
    model: tf.LayersModel,
    step: TrainStep,
    training: TrainResult,
    dir: string,
  ): Promise<ModelCard> {
    step.updateModel();
    return saveModelFolder(model, this.cardOf(training), dir);
  }

  private cardOf({ epochs, best, steps, ...training }: TrainResult): NewModelCard {
    const { from, variant, widthMultiplier, recipe, dataset, seed } = this.options;
    const { card } = this.source ?? {};
    return {
      architecture: {
        network: 'mobilenet_v1',
        variant: variant.name,
        widthMultiplier,
        resolution: recipe.resolution,
        classes: dataset.classNames.length,
      },
      dataset: dataset.name,
      classNames: [...dataset.classNames],
      labelOffset: 0,
      origin: {
        source: `${variant.name} trained on ${dataset.name} from ${card?.origin.source ?? from ?? 'random weights'}`,
        route: 'tf8 train',
        sha256: card?.weightsSha256 ?? dataset.fingerprint,
      },
      training: {
        recipe: structuredClone(recipe) as unknown as Record<string, never>,
        images: training.imagesPerEpoch,
        validationImages: training.validationImages,
        dataSha256: dataset.fingerprint,
        seed,
        steps,
        epochs: epochs.map((epoch) => ({ ...epoch })),
        ...(best && { best: { ...best } }),
      },
    };
  }
}
