import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '../../datasets/dataset.ts';
import { withLabels } from '../../datasets/labels.ts';
import { firstOfEachClass } from '../../datasets/order/per_class.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import { provenanceOf } from '../../quantize/model/recipe_of.ts';
import { type Tf8Model, withRounding } from '../../quantize/model/tf8_model.ts';
import { DEFAULT_ROUNDING } from '../../quantize/params/roundings.ts';
import { warnOfOtherPreprocessing } from '../open/model_input.ts';
import {
  type DataRequest,
  type ModelImages,
  openModelData,
  openModelImages,
} from '../open/open_data.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { isOurAnalysis } from '../outputs/our_files.ts';
import { requireOutputFiles } from '../outputs/output_files.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { chooseRecipe } from '../quantize/choose_recipe.ts';
import { type CalibrationSource, calibrationSource, quantizeModel } from '../quantize/quantize.ts';
import { recorded, type WordedAnalysis, writeAnalyzeRun } from '../records/analysis_record.ts';
import { runId, startRun } from '../records/run_record.ts';
import { writeSamples } from '../records/samples.ts';
import { option } from '../wording.ts';
import { analyzeNetwork, EFFECT_IMAGES } from './analyze_network.ts';
import { ANALYZED_IMAGES, type AnalyzeOptions } from './analyze_options.ts';
import { analyzeRun, runNameOf } from './analyze_run.ts';
import { labelOffsetOf } from './partial_accuracy.ts';

export interface AnalyzeResult extends WordedAnalysis {
  /** Folder of the record. */
  readonly run: string;
  readonly dataset: string;
  readonly skipped: number;
  readonly kernelTier: TierName;
  readonly zeroVariance: 'keep' | 'mean';
  readonly recipe: Recipe;
  readonly calibrationImages: number;
  /** As JSON has it: "lossless" for an infinite ratio. */
  toJSON(): unknown;
}

/**
 * Where a float model loses accuracy in TF8, layer by layer and cause by cause, and what to do. Ratios of
 * signal to noise are in decibels. The record is a folder of `runsDir`.
 * @throws UserError where `out` or `runsDir` cannot be written, or the model or the images cannot be
 *   opened; QuantizationError naming a layer that TF8 cannot hold; the signal's reason when aborted
 */
export async function analyze(options: AnalyzeOptions, context: Context): Promise<AnalyzeResult> {
  const { data, calibrationData, runsDir } = options;
  for (const images of [data, calibrationData]) {
    await requireOutsideImages(runsDir, images, 'runsDir');
  }
  await makeWritableFolder(runsDir);
  if (options.out !== undefined) {
    await requireOutputFiles([{ path: options.out, isOurs: isOurAnalysis }], {
      inputs: [options.model],
      data: [data, calibrationData],
      overwrite: options.overwrite,
    });
  }
  const recipe = await chooseRecipe(options);
  const opened = await openFloatModel(options.model, context, options);
  try {
    return await analyzeOpened(opened, options, recipe, context);
  } finally {
    opened.dispose();
  }
}

async function analyzeOpened(
  opened: OpenedFloatModel,
  options: AnalyzeOptions,
  recipe: Recipe,
  context: Context,
): Promise<AnalyzeResult> {
  const { seed, out, runsDir } = options;
  const { perClass = null } = options;
  const { zeroVariance, recipe: other } = provenanceOf(recipe);
  const request = { dataset: options.dataset, dir: options.data, option: 'data' } as const;
  const { dataset, labelOffset } = options.accuracy
    ? await labelledImages(opened, request, context)
    : await openModelImages(opened, request, context);
  if (options.dataset !== undefined) warnOfOtherPreprocessing(opened, dataset, context.reporter);
  const { limit, among, reach } = selectionOf(dataset, options);
  const source = await calibrationSource(
    { ...options, dataset: dataset.name },
    { dataset, limit: reach },
    context,
  );
  if (source.overlap) {
    context.reporter.warn(
      `some calibration images are among the analyzed ones; pass another folder as ${option('calibrationData')}, or ${option('limit')}`,
    );
  }
  const { kernels, notes } = selectKernels(options.tier, { threads: availableParallelism() });
  for (const note of notes) context.reporter.warn(note);
  const { weightsSha256 = '' } = opened.facts.origin;
  const configuration = {
    model: opened.name,
    weightsSha256,
    evaluation: { dataset: dataset.name, sha256: dataset.fingerprint, limit, perClass, seed },
    calibration: {
      dataset: source.dataset.name,
      sha256: source.dataset.fingerprint,
      images: source.images,
      skip: source.skip,
    },
    zeroVariance,
    ...(other !== undefined && { recipe: other }),
    ...(options.softmax && { softmax: true }),
    effectImages: EFFECT_IMAGES,
    accuracy: options.accuracy,
    ...(isOtherProfile(options) && { profile: options.profile ?? null }),
  };
  const run = join(runsDir, runId(runNameOf(opened.name), configuration));
  await startRun(run);
  const quantized = await quantizeModel(opened, recipe, source, context, opened.name, options);
  const { model: tf8, graph, skipped: skippedInCalibration } = quantized;
  const plain = isOtherProfile(options)
    ? await plainModel(opened, tf8, recipe, source, context)
    : undefined;
  const { analysis, samples, skipped } = await analyzeNetwork(
    {
      opened,
      tf8,
      graph,
      plain,
      kernels,
      name: opened.name,
      dataset,
      limit,
      among,
      seed,
      labelOffset,
      parts: options.accuracy,
      patient: options,
    },
    context,
  );
  const record = await analyzeRun(
    options,
    { opened, dataset, source, tf8, kernelTier: kernels.tier, configuration, analysis },
    { skipped, skippedInCalibration: skippedInCalibration.length },
  );
  await writeSamples(run, samples);
  await writeAnalyzeRun(run, record, analysis);
  const result = {
    run,
    dataset: dataset.name,
    skipped,
    kernelTier: kernels.tier,
    zeroVariance,
    recipe,
    calibrationImages: tf8.provenance.calibrationImages,
    ...analysis,
  };
  if (out !== undefined) await writeFileAtomic(out, `${JSON.stringify(recorded(result))}\n`);
  return { ...result, toJSON: () => recorded(result) };
}

function isOtherProfile({ profile = DEFAULT_ROUNDING }: AnalyzeOptions): boolean {
  return profile !== DEFAULT_ROUNDING;
}

/** What a profile is measured against: the same model by the default rule, or with the scales that it then has. */
async function plainModel(
  opened: OpenedFloatModel,
  tf8: Tf8Model,
  recipe: Recipe,
  { rounding, ...source }: CalibrationSource,
  context: Context,
): Promise<Tf8Model> {
  if (rounding !== 'power-of-two') return withRounding(tf8, DEFAULT_ROUNDING);
  const label = `${opened.name} by the default profile`;
  return (await quantizeModel(opened, recipe, source, context, label)).model;
}

/** Images whose classes are known to be the model's. */
async function labelledImages(
  opened: OpenedFloatModel,
  request: DataRequest,
  context: Context,
): Promise<ModelImages> {
  const dataset = await openModelData(opened, request, context);
  return { dataset, labelOffset: labelOffsetOf(opened, dataset) };
}

/** The images of the test split that are analyzed, and how far into the seed's order they reach. */
function selectionOf(
  dataset: Dataset,
  { limit = ANALYZED_IMAGES, perClass, seed }: AnalyzeOptions,
): { readonly limit: number; readonly among?: Uint32Array; readonly reach: number } {
  if (perClass === undefined) {
    const images = Math.min(limit, dataset.count('test'));
    return { limit: images, reach: images };
  }
  const labelled = withLabels(dataset, `for ${option('perClass')}`);
  const { among, reach } = firstOfEachClass(labelled, 'test', perClass, seed);
  return { limit: among.length, among, reach };
}
