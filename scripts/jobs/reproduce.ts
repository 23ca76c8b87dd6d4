import { join } from 'node:path';
import type { ZeroVariancePolicy } from '../../architectures/fold_batch_norm.ts';
import { FRIENDLY, STANDARD, type Variant } from '../../architectures/variants.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { requireTensorFlow, selectBackend } from '../../training/backend.ts';
import { overrideRecipe } from '../../training/recipes/override_recipe.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { FINETUNE_RMSPROP } from '../../training/recipes/recipes.ts';
import type { Context } from '../context.ts';
import { type AccuracyRow, accuracyTable } from '../records/accuracy_table.ts';
import { environment } from '../records/environment.ts';
import { type RunRecord, runId, startRun, writeRun } from '../records/run_record.ts';
import { Evaluation } from './evaluate.ts';
import { type OpenFloatModel, openFloatModel } from './open_model.ts';
import { PAPER } from './paper_table.ts';
import { calibrationSource, quantizeModel } from './quantize.ts';
import { trainJob } from './train.ts';

/** The published network: its rows on ImageNet, and the start of the retrained ones. */
const PUBLISHED = 'mobilenet_v1_1.0_224';

export interface ReproduceOptions {
  /** ImageNet class folders for the rows of the published network; left out without it. */
  readonly imagenet?: string | undefined;
  /** ImageNet images that are evaluated. */
  readonly imagenetLimit?: number | undefined;
  /** Fashion-MNIST images of an epoch, and images that are evaluated. */
  readonly trainImages: number;
  readonly testImages: number;
  readonly epochs: number;
  readonly resolution: number;
  readonly calibrationImages: number;
  readonly seed: number;
  readonly runsDir: string;
}

export interface ReproduceResult {
  readonly dir: string;
  readonly table: string;
  readonly record: RunRecord;
}

/**
 * The paper's effect, measured: the published network on ImageNet as it is and with Option 1, and
 * retrained networks (standard, the same with Option 1, friendly) on Fashion-MNIST. Writes
 * `run.json`, `table.md` and the trained models into `<runsDir>/<id>`.
 * @throws UserError before anything is loaded where that folder cannot be written
 */
export async function reproduce(
  options: ReproduceOptions,
  context: Context,
): Promise<ReproduceResult> {
  const { runsDir, ...rest } = options;
  const { epochs, resolution } = options;
  const recipe = overrideRecipe(FINETUNE_RMSPROP, { budget: { epochs }, resolution });
  const configuration = { ...rest, recipe };
  const dir = join(runsDir, runId('reproduce', configuration));
  const run = new Reproduction(options, recipe, dir, context);
  const backend = await selectBackend();
  if (options.imagenet === undefined) await requireTensorFlow('Retraining');
  await startRun(dir);
  if (options.imagenet === undefined) {
    run.notes.push('Rows of the published network are left out: they need --imagenet DIR.');
  } else {
    await run.publishedRows(options.imagenet);
  }
  if (backend.name === 'tensorflow') await run.retrainedRows();
  else run.notes.push(`Retrained rows are left out: ${backend.notes.join('; ')}.`);
  return run.finish(configuration);
}

/** A row before it is measured. */
interface RowPlan extends Pick<AccuracyRow, 'network' | 'paper'> {
  readonly zeroVariance: ZeroVariancePolicy;
}

class Reproduction {
  readonly notes: string[] = [];
  private readonly options: ReproduceOptions;
  private readonly dir: string;
  private readonly context: Context;
  private readonly recipe: Recipe;
  private readonly started = performance.now();
  private readonly rows: AccuracyRow[] = [];
  private readonly data: Record<string, string> = {};
  private readonly weights: Record<string, string> = {};
  private readonly training: Record<string, unknown> = {};
  private readonly timing: Record<string, number> = {};
  private tier = '';

  constructor(options: ReproduceOptions, recipe: Recipe, dir: string, context: Context) {
    this.options = options;
    this.recipe = recipe;
    this.dir = dir;
    this.context = context;
  }

  async publishedRows(imagenet: string): Promise<void> {
    const { imagenetLimit: limit } = this.options;
    const dataset = await openDataset('imagenet', { ...this.context, dir: imagenet });
    const opened = await openFloatModel(PUBLISHED, this.context);
    this.weights[opened.name] = opened.card!.weightsSha256;
    await this.measure(opened, dataset, limit, [
      { network: 'as published', zeroVariance: 'keep', paper: PAPER.published },
      { network: 'as published, Option 1', zeroVariance: 'mean', paper: PAPER.option1 },
    ]);
  }

  async retrainedRows(): Promise<void> {
    const dataset = await openDataset('fashion-mnist', this.context);
    const { testImages: limit } = this.options;
    await this.measure(await this.retrain(STANDARD, dataset), dataset, limit, [
      { network: 'standard', zeroVariance: 'keep' },
      { network: 'standard, Option 1', zeroVariance: 'mean' },
    ]);
    await this.measure(await this.retrain(FRIENDLY, dataset), dataset, limit, [
      { network: 'friendly', zeroVariance: 'keep', paper: PAPER.friendly },
    ]);
  }

  async finish(configuration: Readonly<Record<string, unknown>>): Promise<ReproduceResult> {
    const table = accuracyTable(this.rows);
    const record: RunRecord = {
      command: 'reproduce',
      configuration,
      environment: await environment(await selectBackend()),
      data: this.data,
      weights: this.weights,
      kernelTier: this.tier,
      rows: this.rows,
      training: this.training,
      notes: this.notes,
    };
    this.timing.seconds = (performance.now() - this.started) / 1000;
    await writeRun(this.dir, record, this.timing, table);
    return { dir: this.dir, table, record };
  }

  private async retrain(variant: Variant, dataset: Dataset): Promise<OpenFloatModel> {
    const { trainImages, seed } = this.options;
    const { out, card, training } = await trainJob(
      {
        variant,
        from: PUBLISHED,
        zeroVariance: 'mean',
        dataset,
        recipe: this.recipe,
        widthMultiplier: 1,
        limit: trainImages,
        seed,
        out: join(this.dir, variant.name),
      },
      this.context,
    );
    this.context.signal.throwIfAborted();
    const { epochs, imagesPerEpoch, steps, imagesPerSecond, skipped } = training;
    this.training[variant.name] = { epochs, imagesPerEpoch, steps, skipped };
    this.timing[`${variant.name}ImagesPerSecond`] = imagesPerSecond;
    this.weights[variant.name] = card.weightsSha256;
    return { ...(await openFloatModel(out, this.context)), name: variant.name };
  }

  /** Measures a model for its rows and disposes of it. */
  private async measure(
    opened: OpenFloatModel,
    dataset: Dataset,
    limit: number | undefined,
    rows: readonly RowPlan[],
  ): Promise<void> {
    try {
      await this.measureRows(opened, dataset, limit, rows);
    } finally {
      opened.model.dispose();
    }
  }

  /** One float measurement, and one of TF8 for each row. */
  private async measureRows(
    opened: OpenFloatModel,
    dataset: Dataset,
    limit: number | undefined,
    rows: readonly RowPlan[],
  ): Promise<void> {
    const { seed, calibrationImages } = this.options;
    const evaluation = new Evaluation(dataset, { limit, seed }, this.context);
    this.data[dataset.name] = dataset.fingerprint;
    const float = await evaluation.float(opened, `${rows[0]!.network} (${dataset.name})`);
    const source = await calibrationSource(
      { dataset: dataset.name, calibrationImages, seed },
      evaluation,
      this.context,
    );
    if (source.overlap) {
      this.notes.push(`Calibrated on ${dataset.name} images that are also evaluated.`);
    }
    for (const { zeroVariance, ...row } of rows) {
      const { model } = await quantizeModel(opened, zeroVariance, source, this.context);
      const tf8 = await evaluation.tf8(model, 'auto', `${row.network} (${dataset.name})`);
      this.tier = tf8.tier;
      this.rows.push({
        ...row,
        dataset: dataset.name,
        images: evaluation.counts().images,
        floatTop1Percent: float.top1,
        tf8Top1Percent: tf8.top1,
      });
    }
    const { skipped, images } = evaluation.counts();
    if (skipped > 0) {
      this.notes.push(
        `${skipped} of ${skipped + images} ${dataset.name} images could not be read.`,
      );
    }
  }
}
