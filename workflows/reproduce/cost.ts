import type { Context } from '../../foundation/reporting/context.ts';
import { epochImages } from '../../training/loop/epoch_images.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { type Environment, environment } from '../records/environment.ts';
import type { TrainedNetwork } from '../train/trained_network.ts';
import {
  SETTINGS,
  type TimeElsewhere,
  type TrainingLoad,
  timeElsewhere,
  type Workers,
} from './elsewhere.ts';
import type { NetworkPlan, RowPlan } from './network_plan.ts';
import type { OpenTable } from './open_table.ts';
import { shapeOf, variantLike } from './plan_shape.ts';
import { Trials } from './trials.ts';

/** What a row will take. What is there already, and what an earlier row counts, is left out. */
export interface RowCost {
  readonly row: string;
  readonly network: string;
  /** Trained or re-architected; one that is begun counts as a whole. */
  readonly networksToMake: number;
  readonly makingSeconds: number;
  readonly measuringSeconds: number;
  /** Of the whole data set, with nothing there, where the preset is meant for it. */
  readonly wholeSeconds?: number;
}

export interface CostEstimate {
  readonly rows: readonly RowCost[];
  readonly seconds: number;
  readonly wholeSeconds?: number;
  /** Images of the whole data set. */
  readonly whole?: { readonly trainImages: number; readonly testImages: number };
  /** Of the float trainings alone, of the whole data set where the preset is meant for it: on other machines. */
  readonly elsewhere?: readonly TimeElsewhere[];
  /** The machine that it holds for. */
  readonly environment: Environment;
}

/**
 * What a table will cost on this machine, from rates measured now: a few steps of each network at its
 * resolution and batch, and evaluation, after compilation. Nothing is kept of it.
 * @param asked other machines that it is to tell of
 * @throws the signal's reason when aborted
 */
export async function estimateCost(
  table: OpenTable,
  context: Context,
  asked?: Workers,
): Promise<CostEstimate> {
  const progress = context.reporter.start('measuring rates', table.rows.length, 'rows');
  try {
    return await Trials.run(table.dataset, context, (trials) =>
      costFromRates(table, trials, { asked, onProgress: (rows) => progress.update(rows) }),
    );
  } finally {
    progress.end();
  }
}

/** How fast a machine is. */
export type Rates = Pick<
  Trials,
  'training' | 'quantizationAware' | 'evaluation' | 'reconstruction'
>;

/** As `estimateCost`, by rates that are asked for only where something is to be done. */
export async function costFromRates(
  table: OpenTable,
  rates: Rates,
  {
    asked,
    onProgress = () => {},
  }: {
    readonly asked?: Workers | undefined;
    readonly onProgress?: (rows: number) => void;
  } = {},
): Promise<CostEstimate> {
  const estimator = new Estimator(table, rates);
  const rows: RowCost[] = [];
  for (const row of table.rows) {
    rows.push(await estimator.row(row));
    onProgress(rows.length);
  }
  const whole = table.preset.wholeDataset;
  const settings = [...(whole === undefined ? [] : SETTINGS), ...(asked ? [asked] : [])];
  const elsewhere = settings.map((workers) => timeElsewhere(estimator.loads, workers));
  return {
    rows,
    seconds: sum(rows.map((row) => row.makingSeconds + row.measuringSeconds)),
    ...(whole && { whole, wholeSeconds: sum(rows.map((row) => row.wholeSeconds ?? 0)) }),
    ...(elsewhere.length > 0 && estimator.loads.length > 0 && { elsewhere }),
    environment: await environment(table.backend),
  };
}

/** Images that a table is made of. */
interface Amounts {
  /** Images of an epoch by a recipe. */
  readonly epoch: (recipe: Recipe, limit: number | undefined) => number;
  /** Of so many images to fit on or to calibrate with, those that there are. */
  readonly fitted: (images: number) => number;
  readonly measured: number;
}

class Estimator {
  /** The trainings of the whole data set, or of this one where the preset is not meant for it. */
  readonly loads: TrainingLoad[] = [];
  private readonly table: OpenTable;
  private readonly rates: Rates;
  /** Networks that a row has counted. */
  private readonly counted = new Set<NetworkPlan>();

  constructor(table: OpenTable, rates: Rates) {
    this.table = table;
    this.rates = rates;
  }

  async row(row: RowPlan): Promise<RowCost> {
    const cost = { networksToMake: 0, makingSeconds: 0, measuringSeconds: 0, wholeSeconds: 0 };
    const { wholeDataset } = this.table.preset;
    for (const { seed, plan } of row.networks) {
      const isFirst = !this.counted.has(plan);
      this.counted.add(plan);
      const { isMade, lacks } = await this.missing(row, plan, seed);
      const here = this.amountsHere(row, seed);
      if (!isMade && isFirst) {
        cost.networksToMake++;
        cost.makingSeconds += await this.making(plan, here, wholeDataset === undefined);
      }
      // The float network is the one that it starts from, which an earlier row measures.
      const hasFloat = plan.kind !== 'quantization-aware';
      const measured = { float: lacks.float && isFirst && hasFloat, tf8: lacks.tf8 };
      cost.measuringSeconds += await this.measuring(row, plan, measured, here);
      if (wholeDataset === undefined) continue;
      const whole = amountsOf(wholeDataset);
      if (isFirst) cost.wholeSeconds += await this.making(plan, whole, true);
      const all = { float: isFirst && hasFloat, tf8: true };
      cost.wholeSeconds += await this.measuring(row, plan, all, whole);
    }
    const { wholeSeconds, ...costHere } = cost;
    return {
      row: row.row,
      network: row.network,
      ...costHere,
      ...(wholeDataset && { wholeSeconds }),
    };
  }

  private async missing(row: RowPlan, plan: NetworkPlan, seed: number) {
    const { networks, measurements, measuring } = this.table;
    const network = await networks.find(plan);
    if (network === undefined) return { isMade: false, lacks: { float: true, tf8: true } };
    const { float, tf8 } = await measurements.find(network, measuring(row, seed));
    return { isMade: true, lacks: { float: float === undefined, tf8: tf8 === undefined } };
  }

  private amountsHere(row: RowPlan, seed: number): Amounts {
    const { dataset, measuring } = this.table;
    const { data, testImages = Infinity } = measuring(row, seed);
    return {
      epoch: (recipe, limit) => epochImages(dataset, recipe, limit),
      fitted: (images) => Math.min(images, data.dataset.count('train')),
      measured: Math.min(testImages, data.dataset.count('test')),
    };
  }

  /** Seconds. @param told whether its training goes into `loads` */
  private async making(plan: NetworkPlan, amounts: Amounts, told: boolean): Promise<number> {
    if (plan.kind === 'published') return 0;
    if (plan.kind === 'trained') {
      const { network, recipe, imagesPerEpoch } = plan;
      return this.training({ network, recipe, imagesPerEpoch, distilled: false, told }, amounts);
    }
    if (plan.kind === 'quantization-aware') return this.inIntegers(plan, amounts);
    const { network, resolution } = shapeOf(plan.original);
    const { fixedSeconds, secondsPerImage } = await this.rates.reconstruction(network, resolution);
    const reconstruction = fixedSeconds + secondsPerImage * amounts.fitted(plan.images);
    if (plan.retrain === undefined) return reconstruction;
    const { recipe, imagesPerEpoch } = plan.retrain;
    const rebuilt = variantLike(network, plan.variant);
    const training = { network: rebuilt, recipe, imagesPerEpoch, distilled: true, told };
    return reconstruction + (await this.training(training, amounts));
  }

  private async inIntegers(
    plan: Extract<NetworkPlan, { kind: 'quantization-aware' }>,
    amounts: Amounts,
  ): Promise<number> {
    const { recipe, imagesPerEpoch, calibrationImages } = plan;
    const { network, resolution } = shapeOf(plan);
    if ('minutes' in recipe.budget) return 60 * recipe.budget.minutes;
    const rate = await this.rates.quantizationAware(network, { ...recipe, resolution });
    const images = recipe.budget.epochs * amounts.epoch(recipe, imagesPerEpoch);
    const { dataset } = this.table;
    const { float } = await this.rates.evaluation(network, resolution, dataset);
    return images / rate + amounts.fitted(calibrationImages) / float;
  }

  private async training(
    {
      network,
      recipe,
      imagesPerEpoch,
      distilled,
      told,
    }: {
      readonly network: TrainedNetwork;
      readonly recipe: Recipe;
      readonly imagesPerEpoch: number | undefined;
      readonly distilled: boolean;
      readonly told: boolean;
    },
    amounts: Amounts,
  ): Promise<number> {
    if ('minutes' in recipe.budget) return 60 * recipe.budget.minutes;
    const rate = await this.rates.training(network, recipe, distilled);
    const images = recipe.budget.epochs * amounts.epoch(recipe, imagesPerEpoch);
    const { resolution, batchSize } = recipe;
    const classes = this.table.dataset.classNames.length;
    if (told) {
      this.loads.push({ network, resolution, classes, batchSize, images, imagesPerSecond: rate });
    }
    return images / rate;
  }

  /** Seconds of the precisions that are not there. */
  private async measuring(
    row: RowPlan,
    plan: NetworkPlan,
    wanted: { readonly float: boolean; readonly tf8: boolean },
    { measured, fitted }: Amounts,
  ): Promise<number> {
    if (!wanted.float && !wanted.tf8) return 0;
    const { network, resolution } = shapeOf(plan);
    const { data } = this.table.measuring(row, 0);
    const rates = await this.rates.evaluation(network, resolution, data.dataset);
    // Calibration runs the float network; a quantization-aware one is calibrated before its training.
    const images = plan.kind === 'quantization-aware' ? 0 : this.table.preset.calibrationImages;
    const calibration = fitted(images) / rates.float;
    return (
      (wanted.float ? measured / rates.float : 0) +
      (wanted.tf8 ? measured / rates.tf8 + calibration : 0)
    );
  }
}

function amountsOf(whole: { readonly trainImages: number; readonly testImages: number }): Amounts {
  return {
    epoch: (recipe, limit) => epochImages({ count: () => whole.trainImages }, recipe, limit),
    fitted: (images) => images,
    measured: whole.testImages,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
