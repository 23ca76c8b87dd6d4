import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildNetwork, type NetworkConfig } from '../../architectures/network.ts';
import { RearchitectError } from '../../architectures/rearchitect/errors.ts';
import { FRIENDLY, STANDARD } from '../../architectures/variants.ts';
import { architectureOf } from '../../checkpoints/store/model_card.ts';
import { saveModelFolder } from '../../checkpoints/store/model_store.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { type Reporter, SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { Evaluation } from '../evaluate/evaluation.ts';
import { openFloatModel } from '../open/open_model.ts';
import { quantizeModel } from '../quantize/quantize.ts';
import { rearchitect } from '../rearchitect/rearchitect.ts';
import { trainQuantizationAware } from '../train/quantization_aware.ts';
import { trainJob } from '../train/train.ts';
import { type TrainedNetwork, titleOf } from '../train/trained_network.ts';
import { trialRate } from './trial_rate.ts';

/** Enough for any trial, which ends when it has measured enough. */
const TRIAL_STEPS = 1_000;
const TRIAL_IMAGES = 10_000;

/** Of the short reconstructions whose times are extended to a longer one. */
const RECONSTRUCTION_IMAGES = [8, 24] as const;

/** Of a network with residuals, as trained ones have them rebuilt. */
const RECONSTRUCTED_LAYERS = 4;

/** What a trial calls its training. */
const TRIAL = 'trial';

/** Only for the weights' ranges: the speed of a TF8 network does not depend on them. */
const CALIBRATION_IMAGES = 10;

export interface EvaluationRates {
  /** Images per second. */
  readonly float: number;
  readonly tf8: number;
}

/** Seconds of a reconstruction on n images: fixed + perImage · n. */
export interface ReconstructionCost {
  readonly fixedSeconds: number;
  readonly secondsPerImage: number;
}

/**
 * Measures how fast this machine trains, evaluates and reconstructs networks of random weights on a
 * table's own images, a few seconds each; equal trials are made once.
 */
export class Trials {
  private readonly dataset: LabelledDataset;
  private readonly context: Context;
  private readonly dir: string;
  private readonly done = new Map<string, Promise<unknown>>();

  private constructor(dataset: LabelledDataset, dir: string, context: Context) {
    this.dataset = repeated(dataset, TRIAL_IMAGES);
    this.dir = dir;
    this.context = context;
  }

  /** Calls `body` with trials whose files are gone when it ends. */
  static async run<Result>(
    dataset: LabelledDataset,
    context: Context,
    body: (trials: Trials) => Promise<Result>,
  ): Promise<Result> {
    const dir = await mkdtemp(join(tmpdir(), 'tf8-trials-'));
    try {
      return await body(new Trials(dataset, dir, context));
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  /**
   * Images per second of training steps after compilation, their input included.
   * @param distilled whether a standard network teaches
   */
  training(network: TrainedNetwork, recipe: Recipe, distilled: boolean): Promise<number> {
    return this.once(['training', network, recipe, distilled], async () => {
      const teacher = distilled
        ? await this.untrained(standardLike(network), recipe.resolution)
        : undefined;
      const out = join(this.dir, 'trained');
      return trialRate(this.context.signal, (reporter, signal) =>
        trainJob(
          {
            network,
            teacher,
            zeroVariance: 'mean',
            dataset: this.dataset,
            recipe: trialRecipe(recipe),
            limit: TRIAL_STEPS * recipe.batchSize,
            seed: 0,
            out,
            overwrite: true,
          },
          { ...this.context, reporter, signal },
        ),
      );
    });
  }

  /** As `training`, in TF8's integers, by the float network. */
  quantizationAware(network: TrainedNetwork, recipe: Recipe): Promise<number> {
    return this.once(['quantization-aware', network, recipe], async () => {
      const model = await this.untrained(network, recipe.resolution);
      const out = join(this.dir, `quantization-aware-${this.done.size}`);
      return trialRate(this.context.signal, (reporter, signal) =>
        trainQuantizationAware(
          {
            model,
            dataset: this.dataset,
            recipe: trialRecipe(recipe),
            limit: TRIAL_STEPS * recipe.batchSize,
            validationImages: 0,
            calibrationImages: CALIBRATION_IMAGES,
            seed: 0,
            out,
            label: TRIAL,
            resume: false,
          },
          { ...this.context, reporter: ofLabel(TRIAL, reporter), signal },
        ),
      );
    });
  }

  /** Images per second of evaluation on such images, in the way that the table measures. */
  evaluation(
    network: TrainedNetwork,
    resolution: number,
    measured: LabelledDataset,
  ): Promise<EvaluationRates> {
    const dataset = repeated(measured, TRIAL_IMAGES);
    return this.once(['evaluation', network, resolution, measured.name], async () => {
      const opened = await openFloatModel(await this.untrained(network, resolution), this.context);
      const rate = (work: (evaluation: Evaluation) => Promise<unknown>) =>
        trialRate(this.context.signal, (reporter, signal) => {
          const context = { ...this.context, reporter, signal };
          return work(new Evaluation(dataset, { limit: TRIAL_IMAGES, seed: 0 }, context));
        });
      try {
        const { model } = await quantizeModel(
          opened,
          'keep',
          { dataset, images: CALIBRATION_IMAGES, seed: 0, skip: 0 },
          { ...this.context, reporter: SILENT_REPORTER },
        );
        return {
          float: await rate((evaluation) => evaluation.float(opened)),
          tf8: await rate((evaluation) => evaluation.tf8(model, 'auto', 'trial')),
        };
      } finally {
        opened.dispose();
      }
    });
  }

  /** Of a standard network, by two short reconstructions. */
  reconstruction(network: TrainedNetwork, resolution: number): Promise<ReconstructionCost> {
    return this.once(['reconstruction', network, resolution], async () => {
      const model = await this.untrained(standardLike(network), resolution);
      const [few, more] = RECONSTRUCTION_IMAGES;
      const fewSeconds = await this.reconstructed(model, few);
      const moreSeconds = await this.reconstructed(model, more);
      const secondsPerImage = Math.max(0, (moreSeconds - fewSeconds) / (more - few));
      return { fixedSeconds: Math.max(0, fewSeconds - few * secondsPerImage), secondsPerImage };
    });
  }

  /** Seconds; of so many layers where random weights leave none that is worth it. */
  private async reconstructed(model: string, images: number): Promise<number> {
    try {
      return await this.reconstruct(model, images);
    } catch (error) {
      if (!(error instanceof RearchitectError)) throw error;
      return this.reconstruct(model, images, RECONSTRUCTED_LAYERS);
    }
  }

  private async reconstruct(model: string, images: number, layers?: number): Promise<number> {
    const begun = performance.now();
    await rearchitect(
      {
        model,
        variant: FRIENDLY,
        dataset: this.dataset,
        images,
        layers,
        seed: 0,
        out: join(this.dir, `reconstructed-${this.done.size}-${images}-${layers}`),
      },
      { ...this.context, reporter: SILENT_REPORTER },
    );
    this.context.signal.throwIfAborted();
    return (performance.now() - begun) / 1000;
  }

  /** Folder of a network with random weights. */
  private untrained(network: TrainedNetwork, resolution: number): Promise<string> {
    return this.once(['untrained', network, resolution], async () => {
      const { classNames, name, fingerprint } = this.dataset;
      const config: NetworkConfig = { ...network, resolution, classes: classNames.length };
      const model = buildNetwork(config, { seed: 0 });
      const dir = join(this.dir, `${titleOf(network)}-${resolution}`);
      try {
        await saveModelFolder(
          model,
          {
            architecture: architectureOf(config),
            dataset: name,
            classNames: [...classNames],
            labelOffset: 0,
            origin: { source: 'random weights', route: 'a trial', sha256: fingerprint },
          },
          dir,
        );
        return dir;
      } finally {
        model.dispose();
      }
    });
  }

  private once<Result>(key: readonly unknown[], make: () => Promise<Result>): Promise<Result> {
    const name = JSON.stringify(key);
    const made = (this.done.get(name) as Promise<Result> | undefined) ?? make();
    this.done.set(name, made);
    return made;
  }
}

/** So small a rate that no weights of few steps overflow. */
function trialRecipe(recipe: Recipe): Recipe {
  return {
    ...recipe,
    budget: { epochs: 1 },
    learningRate: { schedule: 'constant', initial: 1e-9 },
  };
}

/** Hears of one piece of work alone. */
function ofLabel(wanted: string, reporter: Reporter): Reporter {
  return {
    ...SILENT_REPORTER,
    start: (label, total, unit) =>
      (label === wanted ? reporter : SILENT_REPORTER).start(label, total, unit),
  };
}

/** The standard network of the same width. */
function standardLike(network: TrainedNetwork): TrainedNetwork {
  return 'variant' in network ? { ...network, variant: STANDARD } : network;
}

/** A data set whose splits have at least so many images: over and over the same ones. */
function repeated(dataset: LabelledDataset, least: number): LabelledDataset {
  const count = (split: Parameters<LabelledDataset['count']>[0]) =>
    Math.max(least, dataset.count(split));
  return {
    ...dataset,
    count,
    label: (split, index) => dataset.label(split, index % dataset.count(split)),
    batches: ({ among, ...options }) => {
      const images = dataset.count(options.split);
      const all = among ?? Uint32Array.from({ length: count(options.split) }, (_, i) => i);
      return dataset.batches({ ...options, among: all.map((index) => index % images).sort() });
    },
  };
}
