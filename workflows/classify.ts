import type { ZeroVariancePolicy } from '../architectures/graph/fold_batch_norm.ts';
import type { Dataset, ImageBatch } from '../datasets/dataset.ts';
import { decodeImage } from '../datasets/images/decode_image.ts';
import type { PixelImage } from '../datasets/images/pixel_image.ts';
import { preprocess, SLIM_CENTRAL_FRACTION } from '../datasets/images/preprocess.ts';
import type { Context } from '../foundation/reporting/context.ts';
import type { Recipe } from '../quantize/convert/recipe.ts';
import { type ClassScore, topClasses } from '../quantize/execute/top_classes.ts';
import type { TierName } from '../quantize/kernels/kernels.ts';
import { recipeOf } from '../quantize/model/recipe_of.ts';
import type { Tf8Model } from '../quantize/model/tf8_model.ts';
import type { KernelsUsed } from './open/kernels_used.ts';
import { DEFAULT_DATASET, resolutionOf } from './open/model_facts.ts';
import { asInput, inputShape, preparationOf } from './open/model_input.ts';
import { type OpenedFloatModel, type OpenedModel, openModel } from './open/open_model.ts';
import { kernelsUsed, openPlan } from './open/open_plan.ts';
import { chooseRecipe } from './quantize/choose_recipe.ts';
import { type ConversionOptions, warnOfConversionOptions } from './quantize/conversion.ts';

const LISTED = 5;

/** The options of the conversion have no effect on a TF8 file. */
export interface ClassifyOptions extends ConversionOptions {
  readonly image: string;
  readonly model: string;
  readonly seed: number;
  readonly tier: TierName | 'auto';
}

export interface ClassifyResult extends KernelsUsed {
  readonly image: string;
  readonly model: string;
  /** Absent for a TF8 file. */
  readonly float?: readonly ClassScore[];
  readonly tf8: readonly ClassScore[];
  /** What the ranges come from: a number of images, the image itself, or the TF8 file. */
  readonly calibration: {
    readonly images: number;
    readonly source: 'data' | 'image' | 'file';
    readonly zeroVariance: ZeroVariancePolicy;
    readonly recipe: Recipe;
  };
}

/**
 * The five likeliest classes of one image, preprocessed as the model wants it, in float and in TF8.
 * @throws ImageError where the image cannot be decoded; UserError where the model or the calibration
 *   images cannot be opened; QuantizationError naming a layer that TF8 cannot hold
 */
export async function classify(
  options: ClassifyOptions,
  context: Context,
): Promise<ClassifyResult> {
  const recipe = await chooseRecipe(options);
  const pixels = await decodeImage(options.image, options.image, { signal: context.signal });
  const opened = await openModel(options.model, context, options);
  try {
    return await classifyWith(opened, pixels, options, recipe, context);
  } finally {
    if (opened.kind === 'float') opened.dispose();
  }
}

async function classifyWith(
  opened: OpenedModel,
  pixels: PixelImage,
  options: ClassifyOptions,
  recipe: Recipe,
  context: Context,
): Promise<ClassifyResult> {
  if (opened.kind === 'tf8') warnOfConversionOptions(opened, options, context.reporter);
  const { input: wanted, labels } = opened.facts;
  resolutionOf(opened);
  const { centralFraction = SLIM_CENTRAL_FRACTION } = wanted;
  const preparation = preparationOf(wanted);
  const input = preprocess(pixels, { ...preparation, centralFraction });
  const shape: ImageBatch['shape'] = [1, preparation.resolution, preparation.width, 3];

  const common = { image: options.image, model: opened.name };
  const classifyBy = (model: Tf8Model) => {
    using plan = openPlan(model, { tier: options.tier }, context.reporter);
    return { tf8: plan.classify(asInput(input, wanted), LISTED)[0], ...kernelsUsed(plan) };
  };
  if (opened.kind === 'tf8') {
    const { provenance } = opened.model;
    const { calibrationImages: images, zeroVariance } = provenance;
    return {
      ...common,
      ...classifyBy(opened.model),
      calibration: { images, source: 'file', zeroVariance, recipe: recipeOf(provenance) },
    };
  }
  const { floatProbabilities } = await import('./open/probabilities.ts');
  const probabilities = await floatProbabilities(
    opened.graph,
    asInput(input, wanted),
    inputShape(shape, wanted),
  );
  const quantized = await quantizedFor(
    opened,
    { ...options, recipe },
    { images: input, shape },
    context,
  );
  return {
    ...common,
    float: topClasses(probabilities, labels, LISTED),
    ...classifyBy(quantized),
    calibration: {
      images: quantized.provenance.calibrationImages,
      source: options.calibrationData === undefined ? 'image' : 'data',
      zeroVariance: quantized.provenance.zeroVariance,
      recipe,
    },
  };
}

/** Calibrated with the given folder, or with the image alone. */
async function quantizedFor(
  opened: OpenedFloatModel,
  options: ClassifyOptions & { readonly recipe: Recipe },
  image: Pick<ImageBatch, 'images' | 'shape'>,
  context: Context,
): Promise<Tf8Model> {
  const { calibrationData, calibrationImages, seed } = options;
  const { calibrationSource, quantizeModel } = await import('./quantize/quantize.ts');
  const source =
    calibrationData === undefined
      ? { dataset: imageAlone(options.image, image), images: 1, seed, skip: 0 }
      : await calibrationSource(
          {
            dataset: opened.facts.dataset ?? DEFAULT_DATASET,
            calibrationData,
            calibrationImages,
            seed,
          },
          undefined,
          context,
        );
  return (await quantizeModel(opened, options.recipe, source, context)).model;
}

function imageAlone(
  name: string,
  { images, shape }: Pick<ImageBatch, 'images' | 'shape'>,
): Dataset {
  return {
    name: 'one image',
    classNames: undefined,
    count: () => 1,
    async *batches() {
      yield { images, shape, labels: undefined, names: [name], position: 1 };
    },
    fingerprint: name,
    origin: name,
    splitsAreEqual: true,
  };
}
