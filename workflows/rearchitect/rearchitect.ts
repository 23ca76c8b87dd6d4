import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Variant } from '../../architectures/variants.ts';
import { configOf, type ModelCard } from '../../checkpoints/store/model_card.ts';
import type { Dataset, LabelledDataset } from '../../datasets/dataset.ts';
import { isLabelled } from '../../datasets/labels.ts';
import { holdOutValidation } from '../../datasets/order/hold_out.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { requireTensorFlow } from '../../training/backend.ts';
import type { TrainResult } from '../../training/loop/train_options.ts';
import { overrideRecipe } from '../../training/recipes/override_recipe.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { requireModelFolder } from '../outputs/output_folder.ts';
import { openCheckpoints } from '../train/open_checkpoints.ts';
import { type RunOptions, type TrainJobOptions, trainJob } from '../train/train.ts';
import { option } from '../wording.ts';
import { finishFolder } from './finish.ts';
import type { FittingImages } from './images.ts';
import {
  type LayerChoice,
  planInWords,
  planRearchitecture,
  type RearchitecturePlan,
} from './plan.ts';
import { rebuild, saveRebuilt } from './rebuild.ts';
import {
  type FinishRecord,
  type RearchitectureRecord,
  type RearchitectureRequest,
  type ReconstructionRecord,
  recordedIn,
} from './record.ts';
import { type Original, openOriginal } from './source.ts';
import { saveTeacher } from './stored_network.ts';
import { warningsOf } from './warnings.ts';

/** Folders, in that of the model, of what its retraining begins with. */
const RECONSTRUCTED = 'reconstructed';
const TEACHER = 'teacher';

/** The training after the reconstruction. */
export interface Retraining {
  /** At the model's resolution, whatever it says. */
  readonly recipe: Recipe;
  /** Images of an epoch; all unless given. */
  readonly limit?: number | undefined;
  /** Learns from what the original says of the images too (`Recipe.distillation`). */
  readonly distill: boolean;
  /** Training images that are held out, from the reconstruction too; none unless given. */
  readonly validationImages?: number | undefined;
  /** What the progress calls the training; the network's title unless given. */
  readonly label?: string | undefined;
  /** With `resume`, a reconstruction that the folder holds is taken over where it is the same. */
  readonly run?: RunOptions | undefined;
}

export interface RearchitectOptions extends LayerChoice {
  /** Name or path of a network with depthwise layers. */
  readonly model: string;
  readonly variant: Variant;
  /** Of the model's classes; without a retraining, images without classes will do. */
  readonly dataset: Dataset;
  /** Training images that the reconstruction is fitted on, the first of the seed's order. */
  readonly images: number;
  /** None unless given. */
  readonly retrain?: Retraining | undefined;
  readonly seed: number;
  /** Folder of the new model. */
  readonly out: string;
  /** What is unusual of the reconstruction stands in the result alone. */
  readonly quiet?: boolean | undefined;
  /** Whether a model that lies there is replaced. */
  readonly overwrite?: boolean | undefined;
}

export interface RearchitectResult {
  readonly out: string;
  readonly card: ModelCard;
  /** What was going to be done; absent where a folder held that already. */
  readonly plan?: RearchitecturePlan;
  readonly reconstruction: ReconstructionRecord;
  /** Both absent after a retraining that was interrupted: they come last. */
  readonly equalization?: FinishRecord['equalization'];
  readonly centring?: FinishRecord['centring'];
  /** Folder of the network before the retraining; `out` where there is none. */
  readonly reconstructed: string;
  readonly training?: TrainResult;
  /** Folder of the network that did best on the images held out. */
  readonly best?: string;
  readonly warnings: readonly string[];
}

/**
 * Turns a trained network with depthwise layers into one where they are linear, or some of them
 * (`planRearchitecture`), which keeps what it knows: reconstruction (architectures/rearchitect), unless
 * `retrain` is left out training that may distil from the original, then equalization and centring
 * (`finishGraph`). Training starts from
 * the reconstruction as it is: Adam's steps, equal for all weights, do not suit channels that were
 * scaled apart.
 *
 * The folder `out` is a model like any other. With retraining, `out/reconstructed` is the network
 * before it and `out/teacher` the original, where that has an output for the background that the
 * labels know nothing of.
 *
 * @throws UserError where the model has no depthwise layer to rebuild or other classes than the data set,
 *   where the variant is `standard`, and where `out` cannot be written, is the model's own folder or
 *   holds another training; RearchitectError of the reconstruction; `trainJob`'s errors
 */
export async function rearchitect(
  options: RearchitectOptions,
  context: Context,
): Promise<RearchitectResult> {
  const { model, variant, dataset, out } = options;
  if (variant.depthwiseBatchNorm) {
    throw new UserError(
      `Expected a variant without batch norms and ReLU6 after its depthwise layers but received ${variant.name}, which is what a model is rebuilt from`,
      { remedy: `Pass ${option('variant', 'friendly')}, relu or no-depthwise-bn.` },
    );
  }
  if (existsSync(model) && folderOf(model) === resolve(out)) {
    throw new UserError(`Expected another folder for the new model than that of ${model}`, {
      remedy: `Pass another ${option('out')}.`,
    });
  }
  const { retrain } = options;
  await requireTensorFlow('Re-architecture');
  await requireModelFolder(out, {
    inputs: [model],
    overwrite: options.overwrite || options.retrain?.run?.resume === 'quietly',
    intermediate: options.retrain === undefined ? [] : [RECONSTRUCTED, TEACHER],
    checkpointed: options.retrain?.run !== undefined,
  });
  const original = await openOriginal(options, options.retrain !== undefined, context);
  if (retrain !== undefined) {
    return rebuildAndRetrain(
      original,
      { ...options, dataset: labelled(dataset) },
      retrain,
      context,
    );
  }
  const { card, plan, record, warnings } = await rebuildInto(out, original, options, context);
  const { reconstruction, equalization, centring } = record;
  return {
    out,
    card,
    ...(plan && { plan }),
    reconstruction,
    reconstructed: out,
    warnings,
    ...(equalization && { equalization }),
    ...(centring && { centring }),
  };
}

/** @throws UserError for images without classes */
function labelled(dataset: Dataset): LabelledDataset {
  if (isLabelled(dataset)) return dataset;
  throw new UserError(`Expected images with classes to retrain on but ${dataset.name} has none`, {
    remedy: 'Pass a folder with a folder for each class, or leave the retraining out.',
  });
}

/** Of a model folder or the model.json in it. */
function folderOf(path: string): string {
  return resolve(path.endsWith('.json') ? dirname(path) : path);
}

/** The network without retraining, in the folder `dir`. */
async function rebuildInto(
  dir: string,
  original: Original,
  options: RearchitectOptions,
  context: Context,
): Promise<{
  readonly card: ModelCard;
  readonly plan?: RearchitecturePlan;
  readonly record: RearchitectureRecord;
  readonly warnings: readonly string[];
}> {
  const { retrain, quiet = false } = options;
  const request = requestOf(original, options);
  const known = retrain?.run?.resume ? await recordedIn(dir, request) : undefined;
  if (known !== undefined) {
    context.reporter.info(`${dir} holds this reconstruction: it is taken over`);
    return { ...known, warnings: warn(known.record, options, context) };
  }
  const images = { ...options, ...fittingImages(options) };
  const { plan, pairs } = await planRearchitecture(original, images, context);
  if (!quiet) for (const line of planInWords(plan)) context.reporter.info(line);
  const finish = retrain === undefined;
  const rebuilt = await rebuild(original, { ...images, pairs, finish }, request, context);
  const card = await saveRebuilt(rebuilt, original, options, dir);
  return { card, plan, record: rebuilt.record, warnings: warn(rebuilt.record, options, context) };
}

/** Those held out for a validation are not among them. */
function fittingImages({ dataset, images, retrain, seed }: RearchitectOptions): FittingImages {
  const { validationImages = 0 } = retrain ?? {};
  const divided =
    validationImages > 0 && isLabelled(dataset)
      ? holdOutValidation(dataset, validationImages, seed)
      : dataset;
  return { dataset: divided, images: Math.min(images, divided.count('train')), seed };
}

function warn(
  { reconstruction }: RearchitectureRecord,
  { quiet = false }: RearchitectOptions,
  { reporter }: Context,
): string[] {
  const warnings = warningsOf(reconstruction);
  if (quiet) return warnings;
  for (const warning of warnings) reporter.warn(warning);
  return warnings;
}

async function rebuildAndRetrain(
  original: Original,
  options: RearchitectOptions & { readonly dataset: LabelledDataset },
  retrain: Retraining,
  context: Context,
): Promise<RearchitectResult> {
  const { out, dataset, seed } = options;
  const reconstructed = join(out, RECONSTRUCTED);
  await requireSameTraining(reconstructed, original, options, retrain);
  const before = await rebuildInto(reconstructed, original, options, context);
  context.signal.throwIfAborted();
  const { resolution } = before.card.architecture;
  const trained = await trainJob(
    {
      ...startOf(before.card, original, options, reconstructed),
      ...(retrain.distill && { teacher: await teacherOf(original, options) }),
      zeroVariance: 'keep',
      dataset,
      recipe: overrideRecipe(retrain.recipe, { resolution }),
      limit: retrain.limit,
      validationImages: retrain.validationImages,
      seed,
      out,
      label: retrain.label,
      overwrite: options.overwrite,
      run: retrain.run,
    },
    context,
  );
  const { training, best } = trained;
  const made = {
    out,
    ...(before.plan && { plan: before.plan }),
    reconstruction: before.record.reconstruction,
    reconstructed,
    training,
    ...(best !== undefined && { best }),
    warnings: before.warnings,
  };
  if (training.interrupted) return { ...made, card: trained.card };
  const told = { origin: before.card.origin, rearchitecture: before.card.training! };
  const fitting = { ...fittingImages(options), input: original.facts.input };
  if (best !== undefined) await finishFolder(best, told, fitting, context);
  const { card, finish } = await finishFolder(out, told, fitting, context);
  return { ...made, ...finish, card };
}

/** What is trained, and from what. */
function startOf(
  { architecture }: ModelCard,
  { name }: Original,
  { variant }: RearchitectOptions,
  folder: string,
): Pick<TrainJobOptions, 'network' | 'from'> {
  const config = configOf(architecture);
  if (config === undefined) {
    const { regularizeDepthwise } = variant;
    const title = `${variant.name} of ${name}`;
    return { network: { network: 'other', folder, title, regularizeDepthwise } };
  }
  const { resolution: _, classes: __, ...network } = config;
  return { network, from: folder };
}

/**
 * Sees to it that a training which `out` holds can go on before its reconstruction is replaced.
 * @throws UserError where it is another one
 */
async function requireSameTraining(
  reconstructed: string,
  original: Original,
  options: RearchitectOptions,
  { run }: Retraining,
): Promise<void> {
  if (run === undefined) return;
  const { folder, resume } = await openCheckpoints(options.out, run.resume, SILENT_REPORTER);
  await folder.close();
  if (resume === undefined) return;
  if ((await recordedIn(reconstructed, requestOf(original, options))) !== undefined) return;
  throw new UserError(
    `Expected a training that began with equal options in ${options.out} but its reconstruction is another one`,
    { remedy: `Pass the options that it was begun with, or another ${option('out')}.` },
  );
}

/** The model itself, or where it lies without its background, with logits of its own. */
async function teacherOf(
  original: Original,
  { model, dataset, out }: RearchitectOptions,
): Promise<string> {
  if (!original.withoutBackground && original.config !== undefined) return model;
  const dir = join(out, TEACHER);
  await saveTeacher(original, dataset, dir);
  return dir;
}

function requestOf(
  { weights, withoutBackground }: Original,
  { variant, dataset, images, seed, retrain, keep, layers, maxLoss }: RearchitectOptions,
): RearchitectureRequest {
  return {
    originalSha256: weights,
    withoutBackground,
    variant: variant.name,
    dataSha256: dataset.fingerprint,
    trainingImages: dataset.count('train'),
    validationImages: retrain?.validationImages ?? 0,
    requestedImages: images,
    choice: JSON.stringify({ keep: keep?.toSorted(), layers, maxLoss }),
    seed,
  };
}
