import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import { elements } from '../../architectures/graph/shape.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import type { Shard } from '../../datasets/order/shard.ts';
import { recognizeDataset } from '../../datasets/recognize_dataset.ts';
import type { RightCounts } from '../../datasets/scoring/accuracy.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { recipeOf } from '../../quantize/model/recipe_of.ts';
import { type Tf8Model, withRounding } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import { networkSha256 } from '../open/float_facts.ts';
import { rangeTitle, warnOfOtherPreprocessing } from '../open/model_input.ts';
import { type ImageCacheChoice, openCache } from '../open/open_cache.ts';
import { openImages, openModelData } from '../open/open_data.ts';
import { type OpenedFloatModel, type OpenedModel, openModel } from '../open/open_model.ts';
import { tf8Sha256 } from '../open/tf8_facts.ts';
import { isOurEvaluation, isOurShard } from '../outputs/our_files.ts';
import { outputRules, requireOutputFiles } from '../outputs/output_files.ts';
import { chooseRecipe } from '../quantize/choose_recipe.ts';
import { type ConversionOptions, warnOfConversionOptions } from '../quantize/conversion.ts';
import { calibrationSource, type QuantizedModel, quantizeModel } from '../quantize/quantize.ts';
import { environment } from '../records/environment.ts';
import type { Identity } from '../records/stored_result.ts';
import { type ShardOptions, type ShardResult, writeShard } from '../shards/shard_file.ts';
import { writeEvaluation } from '../shards/write_evaluation.ts';
import { option } from '../wording.ts';
import { countOutputs } from './compare_outputs.ts';
import { type Counted, Evaluation } from './evaluation.ts';
import {
  type DataCalibration,
  type EvaluateResult,
  type EvaluationFacts,
  type EvaluationSums,
  evaluateResult,
  evaluationRecord,
  type FileCalibration,
} from './evaluation_record.ts';
import { MeasurementCache } from './measurement_cache.ts';

export type Precision = 'float' | 'tf8' | 'both';

/** The options of the conversion have no effect on a TF8 file. */
export interface EvaluateOptions extends ConversionOptions, ImageCacheChoice {
  readonly model: string;
  /** The model's own unless given. */
  readonly dataset?: string | undefined;
  readonly data?: string | undefined;
  readonly precision: Precision;
  readonly seed: number;
  readonly limit?: number | undefined;
  readonly tier: TierName | 'auto';
  /** Measure anew what was measured before: the same network by the same code on the same images. */
  readonly fresh?: boolean | undefined;
  /** A file for what was found, without times: equal evaluations leave equal bytes. */
  readonly out?: string | undefined;
  /** Whether a file at `out` that is no such record is replaced. */
  readonly overwrite?: boolean | undefined;
}

/**
 * Accuracy of a model in float, in TF8, or both on the same images, in percent; and how far the outputs of
 * TF8 are from those of float, which images without classes tell too.
 * @throws UserError where the model or the data set cannot be opened, no image can be read, the classes
 *   are not those of the data set, or the float network of a TF8 file is asked for; QuantizationError
 *   naming a layer that TF8 cannot hold; the signal's reason when aborted
 */
export async function evaluate(
  options: EvaluateOptions,
  context: Context,
): Promise<EvaluateResult> {
  const { out } = options;
  if (out !== undefined)
    await requireOutputFiles([{ path: out, isOurs: isOurEvaluation }], outputRules(options));
  const { facts, sums, times } = await countEvaluation(options, context);
  const result = evaluateResult(facts, sums, times);
  if (out !== undefined) await writeEvaluation(out, evaluationRecord(facts, sums));
  return result;
}

/**
 * The part of an evaluation that is one shard's: its counts and sums, as a file. `mergeShards` makes of all
 * parts what `evaluate` gives.
 * @throws UserError as `evaluate`, but not where no image can be read: another shard may have some
 */
export async function evaluateShard(
  options: EvaluateOptions & ShardOptions,
  context: Context,
): Promise<ShardResult> {
  await requireOutputFiles([{ path: options.out, isOurs: isOurShard }], outputRules(options));
  const { shard } = options;
  const { facts, sums, identity } = await countEvaluation(options, context, shard);
  await writeShard(options.out, { kind: 'evaluation', shard, identity, facts, sums });
  const { model, dataset } = facts;
  const { images, skippedImages } = sums;
  return { shard, out: options.out, model, dataset, images, skipped: skippedImages.length };
}

interface CountedEvaluation {
  readonly facts: EvaluationFacts;
  readonly sums: EvaluationSums;
  /** What all shards of an evaluation have in common. */
  readonly identity: Identity;
  readonly times: { readonly float?: Counted | undefined; readonly tf8?: Counted | undefined };
}

async function countEvaluation(
  options: EvaluateOptions,
  context: Context,
  shard?: Shard,
): Promise<CountedEvaluation> {
  const chosenRecipe = await chooseRecipe(options);
  const opened = await openModel(options.model, context, options);
  try {
    return await countOpened(opened, { ...options, chosenRecipe, shard }, context);
  } finally {
    if (opened.kind === 'float') opened.dispose();
  }
}

type ShardedOptions = EvaluateOptions & {
  /** The one to quantize by; `recipe` is what was asked for. */
  readonly chosenRecipe: Recipe;
  readonly shard?: Shard | undefined;
};

async function countOpened(
  opened: OpenedModel,
  options: ShardedOptions,
  context: Context,
): Promise<CountedEvaluation> {
  const { precision, tier, shard, chosenRecipe } = options;
  if (opened.kind === 'tf8') warnOfConversionOptions(opened, options, context.reporter);
  const request = { dataset: options.dataset, dir: options.data, option: 'data' } as const;
  const cached = await openCache(
    options,
    [options.data, options.calibrationData],
    context.reporter,
  );
  if (opened.kind === 'float' && (await isWithoutClasses(opened, options))) {
    const images = cached(await openImages(undefined, request, context));
    return countOutputsAlone(opened, images, options, context);
  }
  const dataset = cached(await openModelData(opened, request, context));
  if (options.dataset !== undefined) warnOfOtherPreprocessing(opened, dataset, context.reporter);
  const cache = await MeasurementCache.open(context, options.fresh);
  const evaluation = new Evaluation(dataset, { ...options, cache }, context);
  const named = {
    model: opened.name,
    dataset: dataset.name,
    configuration: configurationOf(options, evaluation),
    environment: await environment(opened.kind === 'float' ? await selectBackend() : undefined),
    dataSha256: dataset.fingerprint,
    weightsSha256: opened.facts.origin.weightsSha256,
  };
  if (opened.kind === 'tf8') {
    if (precision === 'float') {
      throw new UserError(
        `Expected a float model for ${option('precision', 'float')} but ${opened.name} is a TF8 file`,
        { remedy: `Pass the model that it was quantized from, or ${option('precision', 'tf8')}.` },
      );
    }
    const model = inProfile(opened.model, options.profile);
    const { counted, used } = await evaluation.countTf8(model, tier, opened.name);
    const calibration = { source: 'file' as const, ...calibrationBasis(opened.model) };
    const facts = { ...named, kernels: used, calibration };
    return {
      facts,
      sums: { ...seenBy(evaluation), tf8: countsOf(counted) },
      identity: shard ? await identityOf(facts, { tf8: model }) : {},
      times: { tf8: counted },
    };
  }
  if (dataset.splitsAreEqual && opened.facts.origin.dataSha256 === dataset.fingerprint) {
    context.reporter.warn(
      'the model was trained on these images: the figures say how well it learnt them, not how well it does on others',
    );
  }
  const float = precision === 'tf8' ? undefined : await evaluation.countFloat(opened);
  if (precision === 'float') {
    return {
      facts: named,
      sums: { ...seenBy(evaluation), float: countsOf(float!) },
      identity: shard ? await identityOf(named, { graph: opened.graph }) : {},
      times: { float },
    };
  }
  const source = await calibrationSource(
    { ...options, dataset: dataset.name },
    evaluation,
    context,
  );
  if (source.overlap) {
    context.reporter.warn(
      `some calibration images are among the evaluated ones; pass another folder as ${option('calibrationData')}, or ${option('limit')}`,
    );
  }
  const quantized = await quantizeModel(opened, chosenRecipe, source, context);
  const { counted, used } = await evaluation.countTf8(quantized.model, tier, opened.name);
  const compared = float && (await evaluation.countOutputs(opened, quantized.model, tier));
  const facts = { ...named, kernels: used, calibration: dataCalibration(quantized, source) };
  return {
    facts,
    sums: {
      ...seenBy(evaluation),
      ...(float && { float: countsOf(float) }),
      tf8: countsOf(counted),
      ...(compared && { outputs: { images: compared.images, outputs: compared.outputs } }),
    },
    identity: shard ? await identityOf(facts, { graph: opened.graph, tf8: quantized.model }) : {},
    times: { float, tf8: counted },
  };
}

function seenBy(evaluation: Evaluation): Pick<EvaluationSums, 'images' | 'skippedImages'> {
  const { images, skippedImages } = evaluation.counts();
  return { images, skippedImages };
}

function countsOf({ images, first, firstFive }: Counted): RightCounts {
  return { images, first, firstFive };
}

/** What shards must have in common to be parts of one evaluation. */
async function identityOf(
  { dataset, dataSha256, configuration }: EvaluationFacts,
  networks: { readonly graph?: FloatGraph; readonly tf8?: Tf8Model },
): Promise<Identity> {
  const { graph, tf8 } = networks;
  return {
    ...(graph && { model: networkSha256(graph) }),
    ...(tf8 && { tf8: await tf8Sha256(tf8) }),
    dataset,
    images: dataSha256,
    ...configuration,
  };
}

/** Whether the images have no classes, or the network has none. */
async function isWithoutClasses(
  { graph, facts }: OpenedFloatModel,
  { dataset, data, precision }: EvaluateOptions,
): Promise<boolean> {
  if (precision !== 'both') return false;
  const hasClasses = graph.outputs.some((name) => {
    const shape = shapeIn(graph, name);
    return shape.at(-1) === elements(shape);
  });
  if (!hasClasses) return true;
  const own = facts.dataset === undefined || facts.dataset === 'folder' ? undefined : facts.dataset;
  const named = dataset ?? (own === undefined || data === undefined ? own : undefined);
  return (named ?? (data && (await recognizeDataset(data)))) === 'images';
}

/** TF8 beside float on images that say nothing of what they show. */
async function countOutputsAlone(
  opened: OpenedFloatModel,
  dataset: Dataset,
  options: ShardedOptions,
  context: Context,
): Promise<CountedEvaluation> {
  const { seed, tier, chosenRecipe, shard } = options;
  const limit = Math.min(options.limit ?? Infinity, dataset.count('test'));
  const source = await calibrationSource(
    { ...options, dataset: dataset.name },
    { dataset, limit },
    context,
  );
  const quantized = await quantizeModel(opened, chosenRecipe, source, context);
  const tf8 = quantized.model;
  const { images, skipped, outputs } = await countOutputs(
    { opened, tf8, tier, dataset, limit, seed, shard },
    context,
  );
  const facts = {
    model: opened.name,
    dataset: dataset.name,
    configuration: configurationOf(options, { limit }),
    environment: await environment(await selectBackend()),
    dataSha256: dataset.fingerprint,
    weightsSha256: opened.facts.origin.weightsSha256,
    calibration: dataCalibration(quantized, source),
  };
  return {
    facts,
    sums: { images, skippedImages: skipped, outputs: { images, outputs } },
    identity: shard ? await identityOf(facts, { graph: opened.graph, tf8 }) : {},
    times: {},
  };
}

function dataCalibration(
  { model, skipped, zeroVarianceChannels }: QuantizedModel,
  { overlap }: { readonly overlap: boolean },
): DataCalibration {
  return {
    source: 'data',
    ...calibrationBasis(model),
    skipped: skipped.length,
    zeroVarianceChannels,
    overlap,
  };
}

function configurationOf(
  { precision, seed, tier, inputRange, preprocessing, resolution }: EvaluateOptions,
  { limit }: Pick<Evaluation, 'limit'>,
): EvaluateResult['configuration'] {
  return {
    precision,
    limit,
    seed,
    tier,
    ...(inputRange !== undefined && { inputRange: rangeTitle(inputRange) }),
    ...(preprocessing !== undefined && { preprocessing: preprocessing.words }),
    ...(resolution !== undefined && { resolution: resolution.join(' × ') }),
  };
}

function calibrationBasis({ provenance }: Tf8Model): Omit<FileCalibration, 'source'> {
  const { calibrationImages, calibrationData, zeroVariance } = provenance;
  return {
    images: calibrationImages,
    data: calibrationData,
    zeroVariance,
    recipe: recipeOf(provenance),
  };
}

/** The model by the rule that is asked for; its own unless one is. */
function inProfile(model: Tf8Model, profile: EvaluateOptions['profile']): Tf8Model {
  return profile === undefined ? model : withRounding(model, profile);
}
