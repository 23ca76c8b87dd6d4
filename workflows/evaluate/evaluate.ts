import { shapeIn } from '../../architectures/graph/float_graph.ts';
import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import { elements } from '../../architectures/graph/shape.ts';
import type { Dataset, SkippedImage } from '../../datasets/dataset.ts';
import { recognizeDataset } from '../../datasets/recognize_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { recipeOf } from '../../quantize/model/recipe_of.ts';
import { type Tf8Model, withRounding } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import type { KernelsUsed } from '../open/kernels_used.ts';
import { rangeTitle, warnOfOtherPreprocessing } from '../open/model_input.ts';
import { openImages, openModelData } from '../open/open_data.ts';
import { type OpenedFloatModel, type OpenedModel, openModel } from '../open/open_model.ts';
import { chooseRecipe } from '../quantize/choose_recipe.ts';
import { type ConversionOptions, warnOfConversionOptions } from '../quantize/conversion.ts';
import { calibrationSource, type QuantizedModel, quantizeModel } from '../quantize/quantize.ts';
import { type Environment, environment } from '../records/environment.ts';
import { option } from '../wording.ts';
import { compareOutputs, type OutputFigures } from './compare_outputs.ts';
import { Evaluation, type Measured } from './evaluation.ts';
import { MeasurementCache } from './measurement_cache.ts';

export type Precision = 'float' | 'tf8' | 'both';

/** The options of the conversion have no effect on a TF8 file. */
export interface EvaluateOptions extends ConversionOptions {
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
}

export interface EvaluateResult {
  readonly model: string;
  readonly dataset: string;
  /** Images that were scored, and images that could not be read. */
  readonly images: number;
  readonly skipped: number;
  readonly skippedImages: readonly SkippedImage[];
  /** What was asked for, without folders of the machine. */
  readonly configuration: Readonly<Record<string, string | number | boolean | null>>;
  readonly environment: Environment;
  /** `Dataset.fingerprint` of the images. */
  readonly dataSha256: string;
  /** Undefined where nobody has taken it. */
  readonly weightsSha256?: string | undefined;
  /** Absent of images without classes, as is `tf8`. */
  readonly float?: Measured;
  readonly tf8?: Measured & KernelsUsed;
  /** TF8 against float at every output; absent where not both networks were there. */
  readonly outputs?: readonly OutputFigures[];
  /** The first images, on which the outputs were compared. */
  readonly outputImages?: number;
  /** Absent where only the float network was measured. */
  readonly calibration?: DataCalibration | FileCalibration;
}

interface CalibrationBasis {
  readonly images: number;
  /** Name and fingerprint of the data set. */
  readonly data: string;
  readonly zeroVariance: ZeroVariancePolicy;
  readonly recipe: Recipe;
}

export interface DataCalibration extends CalibrationBasis {
  readonly source: 'data';
  /** Images that could not be read. */
  readonly skipped: number;
  /** Batch-norm channels whose variance was replaced, by layer. */
  readonly zeroVarianceChannels: Readonly<Record<string, number>>;
  /** Some images were calibrated with and evaluated. */
  readonly overlap: boolean;
}

/** What a TF8 file says of its calibration. */
export interface FileCalibration extends CalibrationBasis {
  readonly source: 'file';
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
  const recipe = await chooseRecipe(options);
  const opened = await openModel(options.model, context, options);
  try {
    return await evaluateOpened(opened, options, recipe, context);
  } finally {
    if (opened.kind === 'float') opened.dispose();
  }
}

async function evaluateOpened(
  opened: OpenedModel,
  options: EvaluateOptions,
  recipe: Recipe,
  context: Context,
): Promise<EvaluateResult> {
  if (opened.kind === 'tf8') warnOfConversionOptions(opened, options, context.reporter);
  const request = { dataset: options.dataset, dir: options.data, option: 'data' } as const;
  if (opened.kind === 'float' && (await isWithoutClasses(opened, options))) {
    const images = await openImages(undefined, request, context);
    return evaluateOutputs(opened, images, { ...options, recipe }, context);
  }
  const dataset = await openModelData(opened, request, context);
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
    if (options.precision === 'float') {
      throw new UserError(
        `Expected a float model for ${option('precision', 'float')} but ${opened.name} is a TF8 file`,
        { remedy: `Pass the model that it was quantized from, or ${option('precision', 'tf8')}.` },
      );
    }
    const model = inProfile(opened.model, options.profile);
    const tf8 = await evaluation.tf8(model, options.tier, opened.name);
    return {
      ...named,
      ...evaluation.counts(),
      tf8,
      calibration: { source: 'file', ...calibrationBasis(opened.model) },
    };
  }
  if (dataset.splitsAreEqual && opened.facts.origin.dataSha256 === dataset.fingerprint) {
    context.reporter.warn(
      'the model was trained on these images: the figures say how well it learnt them, not how well it does on others',
    );
  }
  const float = options.precision === 'tf8' ? undefined : await evaluation.float(opened);
  if (options.precision === 'float') return { ...named, ...evaluation.counts(), float: float! };
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
  const quantized = await quantizeModel(opened, recipe, source, context);
  const tf8 = await evaluation.tf8(quantized.model, options.tier, opened.name);
  const compared = float && (await evaluation.outputs(opened, quantized.model, options.tier));
  return {
    ...named,
    ...evaluation.counts(),
    ...(float && { float }),
    tf8,
    ...(compared && { outputs: compared.outputs, outputImages: compared.images }),
    calibration: dataCalibration(quantized, source),
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
async function evaluateOutputs(
  opened: OpenedFloatModel,
  dataset: Dataset,
  options: EvaluateOptions & { readonly recipe: Recipe },
  context: Context,
): Promise<EvaluateResult> {
  const { seed, tier, recipe } = options;
  const limit = Math.min(options.limit ?? Infinity, dataset.count('test'));
  const source = await calibrationSource(
    { ...options, dataset: dataset.name },
    { dataset, limit },
    context,
  );
  const quantized = await quantizeModel(opened, recipe, source, context);
  const { images, skipped, outputs } = await compareOutputs(
    { opened, tf8: quantized.model, tier, dataset, limit, seed },
    context,
  );
  return {
    model: opened.name,
    dataset: dataset.name,
    images,
    skipped: skipped.length,
    skippedImages: skipped,
    configuration: configurationOf(options, { limit }),
    environment: await environment(await selectBackend()),
    dataSha256: dataset.fingerprint,
    weightsSha256: opened.facts.origin.weightsSha256,
    outputs,
    outputImages: images,
    calibration: dataCalibration(quantized, source),
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

function calibrationBasis({ provenance }: Tf8Model): CalibrationBasis {
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
