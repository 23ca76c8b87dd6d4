import { availableParallelism } from 'node:os';
import type { Dataset } from '../../datasets/dataset.ts';
import { withLabels } from '../../datasets/labels.ts';
import { firstOfEachClass } from '../../datasets/order/per_class.ts';
import type { Shard } from '../../datasets/order/shard.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import { provenanceOf } from '../../quantize/model/recipe_of.ts';
import { type Tf8Model, withRounding } from '../../quantize/model/tf8_model.ts';
import { DEFAULT_ROUNDING } from '../../quantize/params/roundings.ts';
import { networkSha256 } from '../open/float_facts.ts';
import { warnOfOtherPreprocessing } from '../open/model_input.ts';
import {
  type DataRequest,
  type ModelImages,
  openModelData,
  openModelImages,
} from '../open/open_data.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { tf8Sha256 } from '../open/tf8_facts.ts';
import { isOurAnalysis, isOurShard } from '../outputs/our_files.ts';
import { outputRules, requireOutputFiles } from '../outputs/output_files.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { chooseRecipe } from '../quantize/choose_recipe.ts';
import { type CalibrationSource, calibrationSource, quantizeModel } from '../quantize/quantize.ts';
import { startRun } from '../records/run_record.ts';
import type { Identity } from '../records/stored_result.ts';
import { type ShardOptions, type ShardResult, writeShard } from '../shards/shard_file.ts';
import { option } from '../wording.ts';
import { countNetwork, EFFECT_IMAGES } from './analyze_network.ts';
import { ANALYZED_IMAGES, type AnalyzeOptions } from './analyze_options.ts';
import { runFacts, runNameOf } from './analyze_run.ts';
import {
  type AnalysisCounts,
  type AnalysisFacts,
  type AnalyzeResult,
  finishAnalysis,
  runFolder,
} from './finish_analysis.ts';
import { labelOffsetOf } from './partial_accuracy.ts';
import { patientOf } from './remedy.ts';

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
  if (options.out !== undefined)
    await requireOutputFiles([{ path: options.out, isOurs: isOurAnalysis }], outputRules(options));
  const { facts, counted } = await countAnalysis(options, context, { start: runsDir });
  return finishAnalysis(facts, counted, options, context);
}

/**
 * The part of an analysis that is one shard's: its counts and sums, as a file. `mergeShards` makes of all
 * parts what `analyze` gives.
 * @throws UserError as `analyze`, but not where no image can be read: another shard may have some
 */
export async function analyzeShard(
  options: AnalyzeOptions & ShardOptions,
  context: Context,
): Promise<ShardResult> {
  const { shard, out } = options;
  await requireOutputFiles([{ path: out, isOurs: isOurShard }], outputRules(options));
  const { facts, counted, identity } = await countAnalysis(options, context, { shard });
  await writeShard(out, { kind: 'analysis', shard, identity, facts, sums: counted });
  const { images } = counted.sums.network;
  return {
    shard,
    out,
    model: facts.run.model,
    dataset: facts.dataset,
    images,
    skipped: counted.skipped,
  };
}

interface CountedAnalysis {
  readonly facts: AnalysisFacts;
  readonly counted: AnalysisCounts;
  /** What all shards of an analysis have in common. */
  readonly identity: Identity;
}

/** @param part.start removes the record of an earlier run in this folder before the work */
async function countAnalysis(
  options: AnalyzeOptions,
  context: Context,
  part: { readonly shard?: Shard; readonly start?: string },
): Promise<CountedAnalysis> {
  const recipe = await chooseRecipe(options);
  const opened = await openFloatModel(options.model, context, options);
  try {
    return await countOpened(opened, options, { ...part, recipe }, context);
  } finally {
    opened.dispose();
  }
}

async function countOpened(
  opened: OpenedFloatModel,
  options: AnalyzeOptions,
  {
    shard,
    start,
    recipe,
  }: { readonly shard?: Shard; readonly start?: string; readonly recipe: Recipe },
  context: Context,
): Promise<CountedAnalysis> {
  const { seed } = options;
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
  if (start !== undefined)
    await startRun(runFolder(start, { name: runNameOf(opened.name), configuration }));
  const quantized = await quantizeModel(opened, recipe, source, context, opened.name, options);
  const { model: tf8, graph, skipped: skippedInCalibration } = quantized;
  const plain = isOtherProfile(options)
    ? await plainModel(opened, tf8, recipe, source, context)
    : undefined;
  const { facts: network, ...counted } = await countNetwork(
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
    shard,
  );
  const run = await runFacts(
    options,
    { opened, dataset, source, tf8, kernelTier: kernels.tier, configuration },
    skippedInCalibration.length,
  );
  const facts = {
    network,
    run,
    patient: { ...patientOf(options), architecture: opened.facts.architecture },
    dataset: dataset.name,
    zeroVariance,
    recipe,
  };
  const identity = shard && {
    model: networkSha256(opened.graph),
    tf8: await tf8Sha256(tf8),
    dataset: dataset.name,
    images: dataset.fingerprint,
    limit,
    perClass,
    seed,
    calibration: configuration.calibration,
    recipe,
    accuracy: options.accuracy,
    profile: options.profile,
  };
  return { facts, counted, identity: identity ?? {} };
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
