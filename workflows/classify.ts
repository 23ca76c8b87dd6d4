import type { FloatGraph } from '../architectures/graph/float_graph.ts';
import type { ZeroVariancePolicy } from '../architectures/graph/fold_batch_norm.ts';
import type { Dataset, ImageBatch } from '../datasets/dataset.ts';
import { decodeImage } from '../datasets/images/decode_image.ts';
import type { PixelImage } from '../datasets/images/pixel_image.ts';
import {
  type ImagePreparation,
  preprocess,
  SLIM_CENTRAL_FRACTION,
} from '../datasets/images/preprocess.ts';
import { preprocessRgba } from '../datasets/images/preprocess_rgba.ts';
import { UserError } from '../foundation/errors.ts';
import { makeWritableFolder } from '../foundation/files/writable_folder.ts';
import type { Context } from '../foundation/reporting/context.ts';
import type { Recipe } from '../quantize/convert/recipe.ts';
import { type ClassScore, topClasses } from '../quantize/execute/top_classes.ts';
import type { TierName } from '../quantize/kernels/kernels.ts';
import { recipeOf } from '../quantize/model/recipe_of.ts';
import { isVector, outputNode, outputNodes, type Tf8Model } from '../quantize/model/tf8_model.ts';
import type { KernelsUsed } from './open/kernels_used.ts';
import { DEFAULT_DATASET, resolutionOf } from './open/model_facts.ts';
import { asInput, inputShape, preparationOf } from './open/model_input.ts';
import { type OpenedFloatModel, type OpenedModel, openModel } from './open/open_model.ts';
import { kernelsUsed, openPlan } from './open/open_plan.ts';
import { outputPictures } from './pictures/output_pictures.ts';
import type { Photograph } from './pictures/output_sheet.ts';
import { type WrittenPicture, writePictures } from './pictures/write_pictures.ts';
import { chooseRecipe } from './quantize/choose_recipe.ts';
import { type ConversionOptions, warnOfConversionOptions } from './quantize/conversion.ts';
import { option } from './wording.ts';

const LISTED = 5;

/** The options of the conversion have no effect on a TF8 file. */
export interface ClassifyOptions extends ConversionOptions {
  readonly image: string;
  readonly model: string;
  readonly seed: number;
  readonly tier: TierName | 'auto';
  /** Folder that gets a picture of each output that is an image, in float and in TF8. */
  readonly pictures?: string | undefined;
}

export interface ClassifyResult extends KernelsUsed {
  readonly image: string;
  readonly model: string;
  /** Absent for a TF8 file; empty of a network without an output of classes, as `tf8`. */
  readonly float?: readonly ClassScore[];
  readonly tf8: readonly ClassScore[];
  /** Of the outputs that are images, where they were asked for. */
  readonly pictures?: readonly WrittenPicture[];
  /** What the ranges come from: a number of images, the image itself, or the TF8 file. */
  readonly calibration: {
    readonly images: number;
    readonly source: 'data' | 'image' | 'file';
    readonly zeroVariance: ZeroVariancePolicy;
    readonly recipe: Recipe;
  };
}

/**
 * The five likeliest classes of one image, preprocessed as the model wants it, in float and in TF8; and,
 * where they are asked for, pictures of the outputs that are images.
 * @throws ImageError where the image cannot be decoded; UserError where the model or the calibration
 *   images cannot be opened, or the model has no output of classes and no pictures are asked for;
 *   QuantizationError naming a layer that TF8 cannot hold
 */
export async function classify(
  options: ClassifyOptions,
  context: Context,
): Promise<ClassifyResult> {
  const recipe = await chooseRecipe(options);
  const pixels = await decodeImage(options.image, options.image, { signal: context.signal });
  if (options.pictures !== undefined) await makeWritableFolder(options.pictures);
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
  const { alpha, ...preparation } = { ...preparationOf(wanted), centralFraction };
  const colours = preprocess(pixels, preparation);
  const input = alpha ? await withAlpha(options.image, preparation, context) : colours;
  const { resolution, width } = preparation;
  const shape: ImageBatch['shape'] = [1, resolution, width, alpha ? 4 : 3];

  const common = { image: options.image, model: opened.name };
  const photograph = { values: colours, height: resolution, width };
  const shown = { input: asInput(input, wanted), photograph };
  if (opened.kind === 'tf8') {
    const { provenance } = opened.model;
    const { calibrationImages: images, zeroVariance } = provenance;
    return {
      ...common,
      ...(await runTf8(opened.model, shown, undefined, options, context)),
      calibration: { images, source: 'file', zeroVariance, recipe: recipeOf(provenance) },
    };
  }
  const quantized = await quantizedFor(
    opened,
    { ...options, recipe },
    { images: input, shape },
    context,
  );
  const batch = { images: shown.input, shape: inputShape(shape, wanted) };
  const float = await floatOutputs(opened.graph, quantized, batch, options.pictures !== undefined);
  return {
    ...common,
    float: float.probabilities ? topClasses(float.probabilities, labels, LISTED) : [],
    ...(await runTf8(quantized, shown, float.outputs, options, context)),
    calibration: {
      images: quantized.provenance.calibrationImages,
      source: options.calibrationData === undefined ? 'image' : 'data',
      zeroVariance: quantized.provenance.zeroVariance,
      recipe,
    },
  };
}

/** The image as a network of four channels takes it. */
async function withAlpha(
  image: string,
  preparation: ImagePreparation,
  { signal }: Context,
): Promise<Float32Array> {
  return preprocessRgba(await decodeImage(image, image, { signal, alpha: true }), preparation);
}

/** What the float network makes of an image: of its classes, and where pictures are drawn of all outputs. */
async function floatOutputs(
  graph: FloatGraph,
  model: Tf8Model,
  { images, shape }: Pick<ImageBatch, 'images' | 'shape'>,
  all: boolean,
): Promise<{
  readonly probabilities: Float32Array | undefined;
  readonly outputs: readonly Float32Array[] | undefined;
}> {
  const { floatProbabilities } = await import('./open/probabilities.ts');
  const main = outputNode(model);
  const probabilities = isVector(main.output)
    ? await floatProbabilities(graph, images, shape, outputNodes(model).indexOf(main))
    : undefined;
  if (!all) return { probabilities, outputs: undefined };
  const { fuseGraph } = await import('../quantize/convert/fuse.ts');
  const { predictGraph } = await import('../training/float_predictor.ts');
  // Without softmaxes at the end, as in TF8.
  const fused = fuseGraph(graph, { zeroVariance: 'keep' });
  return { probabilities, outputs: predictGraph(fused, images, shape) };
}

/** What a TF8 network makes of an image, its pictures beside those of the float network. */
async function runTf8(
  model: Tf8Model,
  { input, photograph }: { readonly input: Float32Array; readonly photograph: Photograph },
  float: readonly Float32Array[] | undefined,
  { image, pictures: dir, tier }: ClassifyOptions,
  { reporter }: Context,
): Promise<Pick<ClassifyResult, 'tf8' | 'pictures' | keyof KernelsUsed>> {
  const hasClasses = isVector(outputNode(model).output);
  if (!hasClasses && dir === undefined) throw withoutClasses(model);
  using plan = openPlan(model, { tier }, reporter);
  const tf8 = hasClasses ? plan.classify(input, LISTED)[0] : [];
  const used = kernelsUsed(plan);
  if (dir === undefined) return { tf8, ...used };
  const drawn = await outputPictures(plan, input, float, photograph);
  return { tf8, pictures: await writePictures(drawn, image, dir), ...used };
}

function withoutClasses(model: Tf8Model): UserError {
  const outputs = outputNodes(model).map(({ name, output }) => `${name} [${output.shape}]`);
  return new UserError(
    `Expected an output with a number for each class, [1, 1, C], of ${model.name} but it gives ${outputs.join(', ')}`,
    { remedy: `Pass ${option('pictures', 'DIR')} for pictures of the outputs that are images.` },
  );
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
