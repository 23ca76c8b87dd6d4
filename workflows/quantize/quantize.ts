import { availableParallelism } from 'node:os';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import type { Dataset, ImageBatch, SkippedImage } from '../../datasets/dataset.ts';
import { isSameSplit } from '../../datasets/is_same_split.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { CalibrationBatch } from '../../quantize/convert/calibrate.ts';
import { type QuantizationReport, quantizeGraph } from '../../quantize/convert/quantize_graph.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { RoundingName } from '../../quantize/params/roundings.ts';
import { floatCompiler } from '../open/float_compiler.ts';
import { DEFAULT_DATASET, type InputFacts } from '../open/model_facts.ts';
import { asInput, inputOn, inputShape, preparationOf } from '../open/model_input.ts';
import { openImages } from '../open/open_data.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { isOurTf8File } from '../outputs/our_tf8_file.ts';
import { outputRules, requireOutputFiles } from '../outputs/output_files.ts';
import { chooseRecipe, SHORT_RECIPES } from './choose_recipe.ts';
import { CONVERSION_DEFAULTS, type ConversionOptions } from './conversion.ts';

/** Calibration images per run of the float network: bounds memory. */
const CALIBRATION_BATCH = 10;

export interface CalibrationSource {
  readonly dataset: Dataset;
  readonly images: number;
  readonly seed: number;
  /** Images at the start of the seed's order that are left out, because they are evaluated. */
  readonly skip: number;
  /** The rule of requantization; eq. 5 unless given. */
  readonly rounding?: RoundingName | undefined;
}

/** What a TF8 model ends in. */
export interface EndOfModel {
  /** Probabilities rather than logits. */
  readonly softmax?: boolean | undefined;
}

export interface QuantizedModel {
  readonly model: Tf8Model;
  /** What was quantized. */
  readonly graph: FloatGraph;
  /** Batch-norm channels whose variance was replaced, by layer. */
  readonly zeroVarianceChannels: Readonly<Record<string, number>>;
  readonly report: QuantizationReport;
  readonly skipped: readonly SkippedImage[];
}

/**
 * Quantizes a float model by a recipe: training images calibrate where there are such. They are
 * preprocessed for the network, whatever their data set's own networks see, and the TF8 model says how.
 * @throws QuantizationError naming a layer that TF8 cannot hold, or where no image could be read; the
 *   signal's reason when aborted
 * @param recipe or the policy that is short for it
 * @param label what the progress calls the network
 */
export async function quantizeModel(
  opened: OpenedFloatModel,
  recipe: ZeroVariancePolicy | Recipe,
  source: CalibrationSource,
  { reporter, signal }: Context,
  label = opened.name,
  { softmax }: EndOfModel = {},
): Promise<QuantizedModel> {
  const { graph: read, facts } = opened;
  const { labels, origin } = facts;
  const { dataset, seed, skip } = source;
  const input = inputOn(facts.input, dataset);
  const skipped = new Map<string, SkippedImage>();
  const images = Math.min(source.images, dataset.count('train') - skip);
  const batches = () =>
    dataset.batches({
      split: 'train',
      batchSize: CALIBRATION_BATCH,
      ...preparationOf(input),
      limit: images,
      skip,
      seed,
      onSkip: (image) => {
        if (skipped.has(image.name)) return;
        skipped.set(image.name, image);
        reporter.warn(`skipped ${image.name} in calibration: ${image.reason}`);
      },
    });
  let progress = reporter.start(`calibrating ${label}`, images, 'images');
  try {
    const { model, graph, report } = await quantizeGraph(
      read,
      typeof recipe === 'string' ? SHORT_RECIPES[recipe] : recipe,
      () => prepared(batches(), input),
      {
        inputRange: input.range,
        softmax,
        centralFraction: input.centralFraction,
        ...(input.resample && { resample: input.resample }),
        rounding: source.rounding,
        kernels: selectKernels('auto').kernels,
        threads: availableParallelism(),
        compile: await floatCompiler(images),
        onProgress: (done) => {
          signal.throwIfAborted();
          progress.update(done);
        },
        onLayer: (done, layers) => {
          if (done === 0) {
            progress.end();
            progress = reporter.start(`quantizing ${label}`, layers, 'layers');
          }
          progress.update(done);
        },
        signal,
        onNote: (note) => reporter.warn(note),
        labelOffset: labels.labelOffset,
        classNames: [...labels.classNames],
        provenance: {
          floatModel: origin.source,
          floatWeightsSha256: origin.weightsSha256 ?? '',
          ...(facts.dataset !== undefined && { dataset: facts.dataset }),
          calibrationData: `${dataset.name} ${dataset.fingerprint}`,
        },
      },
    );
    const { zeroVarianceChannels } = report;
    return { model, graph, zeroVarianceChannels, report, skipped: [...skipped.values()] };
  } finally {
    progress.end();
  }
}

/** The images alone: no label is read before an evaluation. */
async function* prepared(
  batches: AsyncIterable<ImageBatch>,
  input: InputFacts,
): AsyncIterable<CalibrationBatch> {
  for await (const { images, shape } of batches) {
    yield { images: asInput(images, input), shape: inputShape(shape, input) };
  }
}

export interface QuantizeOptions extends ConversionOptions {
  readonly model: string;
  /** The model's own unless given. */
  readonly dataset?: string | undefined;
  readonly out: string;
  /** Whether the file ends in probabilities rather than in logits. */
  readonly softmax?: boolean | undefined;
  /** Whether a file at `out` that is no TF8 file is replaced. */
  readonly overwrite?: boolean | undefined;
  readonly seed: number;
}

export interface QuantizeResult {
  readonly out: string;
  readonly bytes: number;
  readonly layers: number;
  readonly calibrationImages: number;
  /** Images that could not be read. */
  readonly skipped: number;
  readonly recipe: Recipe;
  readonly zeroVariance: ZeroVariancePolicy;
  /** Batch-norm channels whose variance was replaced, by layer. */
  readonly zeroVarianceChannels: Readonly<Record<string, number>>;
}

/**
 * Makes a TF8 file of a float model; that `out` can be written is found out first.
 * @throws UserError where `out` cannot be written, or the model or the images cannot be opened;
 *   QuantizationError naming a layer that TF8 cannot hold; the signal's reason when aborted
 */
export async function quantize(
  options: QuantizeOptions,
  context: Context,
): Promise<QuantizeResult> {
  const { out } = options;
  const recipe = await chooseRecipe(options);
  await requireOutputFiles([{ path: out, isOurs: isOurTf8File }], outputRules(options));
  const opened = await openFloatModel(options.model, context, options);
  try {
    const source = await calibrationSource(
      calibrationOf(options, opened.facts.dataset),
      undefined,
      context,
    );
    const { model, skipped, zeroVarianceChannels } = await quantizeModel(
      opened,
      recipe,
      source,
      context,
      opened.name,
      options,
    );
    const file = await encodeTf8(model);
    await writeFileAtomic(out, file);
    return {
      out,
      bytes: file.length,
      layers: model.nodes.length,
      calibrationImages: model.provenance.calibrationImages,
      skipped: skipped.length,
      recipe,
      zeroVariance: model.provenance.zeroVariance,
      zeroVarianceChannels,
    };
  } finally {
    opened.dispose();
  }
}

export interface CalibrationOptions
  extends Pick<ConversionOptions, 'calibrationData' | 'calibrationImages' | 'profile'> {
  /** The model's, where there is no `calibrationData`. */
  readonly dataset: string;
  /** What lies in `calibrationData`; recognized unless given. */
  readonly calibrationDataset?: string | undefined;
  readonly seed: number;
}

/**
 * What a command calibrates with whose option `dataset` is about the calibration alone.
 * @param own the model's data set; undefined where unknown
 */
export function calibrationOf(
  options: Omit<CalibrationOptions, 'dataset'> & { readonly dataset?: string | undefined },
  own: string | undefined,
): CalibrationOptions {
  const dataset = options.dataset ?? own ?? DEFAULT_DATASET;
  return { ...options, dataset, calibrationDataset: options.dataset };
}

/**
 * The images to calibrate with, which need no classes: those of `calibrationData`, else the training split of `evaluated`.
 * Where the evaluated images come from the same ones, the `limit` first of the seed's order are
 * left to the evaluation if enough remain.
 * @throws UserError where the data set cannot be opened
 */
export async function calibrationSource(
  options: CalibrationOptions,
  evaluated: { readonly dataset: Dataset; readonly limit: number } | undefined,
  context: Context,
): Promise<CalibrationSource & { readonly overlap: boolean }> {
  const { calibrationData, seed, profile } = options;
  const { calibrationImages = CONVERSION_DEFAULTS.calibrationImages } = options;
  const dataset =
    evaluated !== undefined && calibrationData === undefined
      ? evaluated.dataset
      : await openImages(
          options.dataset,
          {
            dataset: options.calibrationDataset,
            dir: calibrationData,
            option: 'calibrationData',
          },
          context,
        );
  // One folder of images serves as both splits; data sets with two splits never overlap.
  const shared = evaluated !== undefined && isSameSplit(evaluated.dataset, dataset);
  const disjoint = shared && evaluated.limit + calibrationImages <= dataset.count('train');
  return {
    dataset,
    images: calibrationImages,
    seed,
    skip: disjoint ? evaluated.limit : 0,
    rounding: profile,
    overlap: shared && !disjoint,
  };
}
