import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import { buildNetwork, type NetworkConfig } from '../../architectures/network.ts';
import type { TransferReport } from '../../architectures/transfer_weights.ts';
import { architectureOf, type ModelCard } from '../../checkpoints/store/model_card.ts';
import { saveModelFolder, weightsSha256Of } from '../../checkpoints/store/model_store.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { holdOutValidation } from '../../datasets/order/hold_out.ts';
import { InvalidValueError, messageOf, UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { selectTrainingBackend } from '../../training/backend.ts';
import type { Cluster } from '../../training/cluster/cluster.ts';
import { workerName } from '../../training/cluster/place.ts';
import { RunBudget, trainingLength } from '../../training/loop/budget.ts';
import { epochImages } from '../../training/loop/epoch_images.ts';
import { train } from '../../training/loop/train.ts';
import type { TrainOptions, TrainResult } from '../../training/loop/train_options.ts';
import { useOneDnnFor } from '../../training/one_dnn/choose_one_dnn.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { DISTILLATION } from '../../training/recipes/recipes.ts';
import { createClusterStep, createTrainStep } from '../../training/step/create_train_step.ts';
import type { TrainStep } from '../../training/step/train_step.ts';
import type { TrainingObserver } from '../../training/watch/observer.ts';
import { type InputRange, SYMMETRIC, weightsOf } from '../open/model_facts.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import { requireModelFolder } from '../outputs/output_folder.ts';
import { option } from '../wording.ts';
import { imagesIn } from './images_in.ts';
import { newestCheckpoint, type OpenCheckpoints, openCheckpoints } from './open_checkpoints.ts';
import { loadOther, type StoredOther } from './other_network.ts';
import { openSource, startFrom, unfoldBatchNorms } from './start_weights.ts';
import { openTeacher } from './teacher.ts';
import { trainedCard } from './train_card.ts';
import { type OtherNetwork, type TrainedNetwork, titleOf } from './trained_network.ts';
import { watchRun } from './watch_run.ts';

/** How a training is stored while it goes on: checkpoints, metrics, TensorBoard's events, a curve. */
export interface RunOptions {
  /** Goes on from the newest checkpoint, where there is one; "quietly" says nothing where there is none. */
  readonly resume: boolean | 'quietly';
  /** A checkpoint is taken when either has passed. */
  readonly checkpointSeconds?: number | undefined;
  readonly checkpointSteps?: number | undefined;
}

export interface TrainJobOptions {
  readonly network: TrainedNetwork | OtherNetwork;
  /** Name or path of the model to start from; random weights without it. */
  readonly from?: string | undefined;
  /**
   * Name or path of a float model of the same classes and resolution that the training distils from
   * (`Recipe.distillation`).
   */
  readonly teacher?: string | undefined;
  /** For depthwise batch norms that are folded into the start weights. */
  readonly zeroVariance: ZeroVariancePolicy;
  readonly dataset: LabelledDataset;
  readonly recipe: Recipe;
  /** Images of an epoch; all unless given. */
  readonly limit?: number | undefined;
  /** Training images that are held out to measure the network after each epoch; none unless given. */
  readonly validationImages?: number | undefined;
  readonly seed: number;
  /** Folder of the trained model. */
  readonly out: string;
  /** What the progress calls the training; the network's title unless given. */
  readonly label?: string | undefined;
  /** Whether a model that lies there without its training's checkpoints is replaced. */
  readonly overwrite?: boolean | undefined;
  /** Trains operation by operation even where the step could be compiled. */
  readonly eager?: boolean | undefined;
  /** What else is stored in `out`; only the model without it. */
  readonly run?: RunOptions | undefined;
  /** The workers that share every batch with this process, of which worker 0 alone stores anything. */
  readonly cluster?: Cluster | undefined;
}

/** What a worker of a training ended with. */
export interface TrainedWorker {
  readonly rank: number;
  /** Of its network, as in its card: the same on all. */
  readonly weightsSha256: string;
}

export interface TrainJobResult {
  readonly out: string;
  readonly card: ModelCard;
  /** Of a training by several workers. */
  readonly workers?: readonly TrainedWorker[];
  /** Folder of the network that did best on the images held out. */
  readonly best?: string;
  readonly training: TrainResult;
  /** What became of the start weights; absent when training from random weights. */
  readonly start?: TransferReport;
}

/** Folder, in that of the model, of the network that did best on the images held out. */
const BEST = 'best';

/** Images that statistics of batch norms are measured on: thousands of positions in each channel. */
const MEASURED_IMAGES = 250;
const MEASURED_BATCH = 10;

/** Images that are held out at most, unless asked for: enough to tell networks half a point apart. */
const MOST_VALIDATION_IMAGES = 5000;

/**
 * A twentieth of the images of an epoch, which costs little beside training on the others; none where the
 * data set has a validation split of its own.
 */
export function defaultValidationImages(dataset: LabelledDataset, limit = Infinity): number {
  if (dataset.count('validation') > 0) return 0;
  const images = Math.min(limit, dataset.count('train'));
  return Math.min(Math.floor(images / 20), MOST_VALIDATION_IMAGES);
}

/**
 * Builds a network, starts it from a trained model or from random weights, trains it and stores it.
 * After Ctrl-C the weights reached so far are stored.
 * @throws UserError before anything is loaded where `out` cannot be written or holds another
 *   training; then where the network cannot have the recipe's resolution, where the model to start
 *   from or the teacher does not fit it, and where the run to be resumed had other options
 */
export async function trainJob(
  options: TrainJobOptions,
  context: Context,
): Promise<TrainJobResult> {
  const { dataset, out, overwrite, recipe, run, teacher, validationImages = 0, seed } = options;
  const stores = storesOf(options);
  if (stores) {
    await requireModelFolder(out, {
      inputs: [options.from, teacher].filter((model) => model !== undefined),
      // A table's own folders are nobody else's.
      overwrite: overwrite || run?.resume === 'quietly',
      within: [BEST],
      checkpointed: run !== undefined,
    });
  }
  const divided =
    validationImages > 0 ? holdOutValidation(dataset, validationImages, seed) : dataset;
  const checkpoints =
    run &&
    (stores
      ? await openCheckpoints(out, run.resume, context.reporter)
      : { folder: undefined, resume: run.resume ? await newestCheckpoint(out) : undefined });
  const taught = teacher === undefined ? recipe : { distillation: DISTILLATION, ...recipe };
  const effective = { ...options, dataset: divided, recipe: taught };
  const job = new TrainJob(effective, checkpoints, context);
  try {
    return await job.run();
  } finally {
    job.dispose();
    await checkpoints?.folder?.close();
  }
}

/** Whether this process is the one that stores. */
function storesOf({ cluster }: Pick<TrainJobOptions, 'cluster'>): boolean {
  return (cluster?.rank ?? 0) === 0;
}

/** Of a network of ours. */
function configOf({ network, recipe, dataset }: TrainJobOptions): NetworkConfig | undefined {
  if (network.network === 'other') return undefined;
  const { resolution } = recipe;
  return { ...network, resolution, classes: dataset.classNames.length };
}

/**
 * Chooses whether oneDNN computes, before libtensorflow is loaded, which reads it once.
 * @param workers that share each batch, on machines like this one
 */
export async function useOneDnnForJob(
  options: TrainJobOptions,
  context: Context,
  workers = options.cluster?.workers ?? 1,
): Promise<void> {
  const { recipe, dataset, limit, teacher } = options;
  const config = configOf(options);
  // A trial builds the network by its name.
  if (config === undefined) return;
  const batchSize = Math.ceil(recipe.batchSize / workers);
  const shape = { config, batchSize, distilled: teacher !== undefined };
  const length = trainingLength(recipe, epochImages(dataset, recipe, limit));
  await useOneDnnFor({ shape, length }, context);
}

/** As they are opened by a process that stores; without the folder for one that only resumes. */
type Checkpoints = Omit<OpenCheckpoints, 'folder'> & {
  readonly folder: OpenCheckpoints['folder'] | undefined;
};

class TrainJob {
  private readonly options: TrainJobOptions;
  private readonly checkpoints: Checkpoints | undefined;
  private readonly context: Context;
  private readonly config: NetworkConfig | undefined;
  /** The network of a folder that is trained as it is. */
  private other: StoredOther | undefined;
  private source: OpenedFloatModel | undefined;
  private teacher: OpenedFloatModel | undefined;
  private model: tf.LayersModel | undefined;
  private step: TrainStep | undefined;

  /** @param options with the data set divided, and with `distillation` where there is a teacher */
  constructor(options: TrainJobOptions, checkpoints: Checkpoints | undefined, context: Context) {
    this.options = options;
    this.config = configOf(options);
    this.checkpoints = checkpoints;
    this.context = context;
  }

  async run(): Promise<TrainJobResult> {
    const { from, out, network, cluster } = this.options;
    await useOneDnnForJob(this.options, this.context);
    await selectTrainingBackend();
    this.model = await this.build();
    let start: TransferReport | undefined;
    if (from !== undefined && network.network !== 'other') {
      this.source = await openSource(from, network, this.context);
      start = startFrom(this.source, this.model, { ...this.options, network });
      // A run that goes on has its own.
      if (this.checkpoints?.resume === undefined) {
        await unfoldBatchNorms(this.source, this.model, this.firstBatches());
      }
    }
    this.step = await this.createStep(this.model);
    const training = await train(this.step, this.trainOptions(this.model));
    const card = await this.save(this.model, this.step, training, out);
    const workers = cluster && (await this.compared(cluster, card));
    return {
      out,
      card,
      ...(workers && { workers }),
      ...(training.best && { best: this.bestDir }),
      training,
      ...(start && { start }),
    };
  }

  dispose(): void {
    this.step?.dispose();
    this.source?.dispose();
    this.teacher?.dispose();
    this.model?.dispose();
  }

  /** Images to measure statistics on, of the first epoch. */
  private firstBatches() {
    const { dataset, recipe, seed } = this.options;
    return imagesIn(dataset, this.range).batches({
      split: 'train',
      resolution: recipe.resolution,
      batchSize: MEASURED_BATCH,
      limit: MEASURED_IMAGES,
      seed,
    });
  }

  private async build(): Promise<tf.LayersModel> {
    const { network, recipe, seed } = this.options;
    const { dropout, batchNormDecay, logitsStddev } = recipe;
    if (network.network === 'other') {
      this.other = await loadOther(network, recipe);
      return this.other.model;
    }
    const config = this.config!;
    try {
      return buildNetwork(config, { dropout, batchNormDecay, logitsStddev, seed });
    } catch (error) {
      if (!(error instanceof InvalidValueError)) throw error;
      throw new UserError(`${titleOf(config)} cannot be built: ${messageOf(error)}`, {
        remedy: `Pass another ${option('resolution')}.`,
        cause: error,
      });
    }
  }

  private async createStep(model: tf.LayersModel): Promise<TrainStep> {
    const { network, teacher, recipe, eager = false, cluster } = this.options;
    if (teacher !== undefined) {
      const range = this.source?.facts.input.range ?? this.other?.range;
      const sizes = this.config ?? this.other!.card.architecture;
      this.teacher = await openTeacher(teacher, sizes, range, this.context);
    }
    const program = {
      regularizeDepthwise:
        network.network === 'other'
          ? network.regularizeDepthwise
          : 'variant' in network && network.variant.regularizeDepthwise,
      teacher: this.teacher && { model: this.teacher.layersModel, ...recipe.distillation! },
    };
    if (cluster !== undefined) return createClusterStep(model, recipe, cluster, program);
    return createTrainStep(model, recipe, { ...program, eager, reporter: this.context.reporter });
  }

  /** Of the images: that of the network to start from, or else of the teacher. */
  private get range(): InputRange {
    if (this.other !== undefined) return this.other.range;
    return (this.source ?? this.teacher)?.facts.input.range ?? SYMMETRIC;
  }

  private trainOptions(model: tf.LayersModel): TrainOptions {
    const { recipe, limit, seed, run, network, cluster } = this.options;
    const dataset = imagesIn(this.options.dataset, this.range);
    const { label = `training ${titleOf(network)}` } = this.options;
    const { checkpoints, context, other, source, teacher } = this;
    return {
      dataset,
      recipe,
      network: model.name,
      label,
      start: other?.card.weightsSha256 ?? (source ? weightsOf(source) : 'random weights'),
      teacher: teacher && weightsOf(teacher),
      limit,
      seed,
      reporter: context.reporter,
      signal: context.signal,
      keepBest: async (soFar) => {
        await this.save(model, this.step!, soFar, this.bestDir);
      },
      team: cluster,
      resume: checkpoints?.resume,
      ...(checkpoints?.folder && {
        observe: () => this.watch(),
        checkpoints: {
          folder: checkpoints.folder,
          everySeconds: run?.checkpointSeconds,
          everySteps: run?.checkpointSteps,
        },
      }),
    };
  }

  private watch(): Promise<TrainingObserver> {
    const { network, dataset, recipe, limit, out } = this.options;
    return watchRun(out, {
      title: `${titleOf(network)} on ${dataset.name}`,
      steps: new RunBudget(recipe, epochImages(dataset, recipe, limit)).steps,
      resumedFrom: this.checkpoints?.resume?.step,
      reporter: this.context.reporter,
    });
  }

  private get bestDir(): string {
    return join(this.options.out, BEST);
  }

  /** The hashes of the weights that the workers have in the end. */
  private async compared(cluster: Cluster, { weightsSha256 }: ModelCard): Promise<TrainedWorker[]> {
    const hashes = await cluster.gather('the comparison of what they end with', weightsSha256);
    const other = hashes.findIndex((hash) => hash !== hashes[0]);
    if (other > 0) {
      this.context.reporter.warn(
        `${workerName(cluster.place, other)} ended with other weights than worker 0: train on processors of one kind.`,
      );
    }
    return hashes.map((hash, rank) => ({ rank, weightsSha256: hash }));
  }

  /** Stores the network that the step gives, where this process is the one that stores. */
  private async save(
    model: tf.LayersModel,
    step: TrainStep,
    training: TrainResult,
    dir: string,
  ): Promise<ModelCard> {
    const { config, other, range, source, teacher } = this;
    const { network, dataset, recipe, seed } = this.options;
    step.updateModel();
    const card = trainedCard(
      {
        architecture: config ? architectureOf(config) : other!.card.architecture,
        preprocessing: other?.card.preprocessing,
        title: titleOf(config ?? network),
        dataset,
        range,
        recipe,
        seed,
        start: other ? other.start : source?.facts.origin,
        teacher,
      },
      training,
    );
    if (!storesOf(this.options)) return { ...card, weightsSha256: await weightsSha256Of(model) };
    return saveModelFolder(model, card, dir);
  }
}
