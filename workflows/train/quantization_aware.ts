import { join } from 'node:path';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { holdOutValidation } from '../../datasets/order/hold_out.ts';
import { UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe as QuantizationRecipe } from '../../quantize/convert/recipe.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectTrainingBackend } from '../../training/backend.ts';
import { RunBudget } from '../../training/loop/budget.ts';
import { epochImages } from '../../training/loop/epoch_images.ts';
import { train } from '../../training/loop/train.ts';
import type { TrainOptions } from '../../training/loop/train_options.ts';
import { GraphNetwork } from '../../training/quantized/graph_network.ts';
import {
  QuantizedNetwork,
  type QuantizedTraining,
} from '../../training/quantized/quantized_network.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { QUANTIZATION_AWARE } from '../../training/recipes/recipes.ts';
import { createTrainStep } from '../../training/step/create_train_step.ts';
import { labelOffsetOn, weightsOf } from '../open/model_facts.ts';
import { type ModelImages, openModelImages } from '../open/open_data.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { leavingNoEmptyFolder } from '../outputs/empty_folder.ts';
import { requireOutputFiles } from '../outputs/output_files.ts';
import { requireModelFolder } from '../outputs/output_folder.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { holdsCheckpoints, TRAINED_TF8 } from '../outputs/training_files.ts';
import { chooseRecipe } from '../quantize/choose_recipe.ts';
import { CONVERSION_DEFAULTS } from '../quantize/conversion.ts';
import { type QuantizedModel, quantizeModel } from '../quantize/quantize.ts';
import { call, option } from '../wording.ts';
import { floatGraphOf, inputOf, type NetworkImages, networkImages } from './network_data.ts';
import { type OpenCheckpoints, openCheckpoints } from './open_checkpoints.ts';
import {
  FREEZE_AFTER,
  FROZEN,
  QUANTIZATION_START,
  type QuantizationAwareOptions,
  type QuantizationAwareResult,
} from './quantization_aware_options.ts';
import { chosenRecipe } from './recipe_choices.ts';
import { networkNameOf, requireSameOptions, startNameOf } from './resumed_options.ts';
import { defaultValidationImages } from './train.ts';
import { CHECKPOINT_SECONDS } from './train_defaults.ts';
import { watchRun } from './watch_run.ts';

/** Folder, in that of the run, of the network that did best on the images held out. */
const BEST = 'best';

/**
 * Trains a float model in the executor's integers, with itself as the teacher, and stores the TF8 file that it
 * ends as, with checkpoints, metrics and a curve. After Ctrl-C the network reached so far is stored.
 * @throws UserError before anything is loaded where `out` cannot be written or holds another training; where the
 *   model has a layer that cannot be trained so, the images cannot be opened, or the run to be resumed
 *   had other options; QuantizationError naming a layer that TF8 cannot hold
 */
export function trainQuantizationAware(
  options: QuantizationAwareOptions,
  context: Context,
): Promise<QuantizationAwareResult> {
  return leavingNoEmptyFolder(options.out, () => trainInto(options, context));
}

async function trainInto(
  options: QuantizationAwareOptions,
  context: Context,
): Promise<QuantizationAwareResult> {
  const { model, out, resume, data } = options;
  const overwrite = options.overwrite || resume === 'quietly';
  const recipe = await chosenRecipe(options.recipe ?? QUANTIZATION_AWARE.name, options);
  const quantization = await startRecipe(options.quantizationRecipe);
  await requireOutsideImages(out, data, 'out');
  await requireModelFolder(out, { inputs: [model], overwrite, within: [BEST], checkpointed: true });
  const isOurs = () => holdsCheckpoints(out);
  const files = ['', BEST].map((folder) => ({ path: join(out, folder, TRAINED_TF8), isOurs }));
  const checkpoints = await openCheckpoints(out, resume, context.reporter);
  let opened: OpenedFloatModel | undefined;
  try {
    await requireOutputFiles(files, { inputs: [model], overwrite });
    if (checkpoints.resume !== undefined) {
      const asked = {
        rules: rulesOf(options),
        quantization: quantization.name,
        seed: options.seed,
      };
      requireSameOptions(out, checkpoints.resume.state, { ...asked, recipe: taughtBy(recipe) });
    }
    await selectTrainingBackend();
    opened = await openFloatModel(model, context);
    requireColours(opened);
    const run = new QuantizationAwareRun(options, { recipe, quantization, opened, checkpoints });
    return await run.run(context);
  } catch (error) {
    // A table says itself what it keeps.
    if (context.signal.aborted && resume !== 'quietly') {
      context.reporter.info(whatIsKept(out, checkpoints));
    }
    throw error;
  } finally {
    opened?.dispose();
    await checkpoints.folder.close();
  }
}

/**
 * The recipe of quantization of the start.
 * @throws UserError where ranges would not be those of whole tensors
 */
async function startRecipe(
  asked: QuantizationAwareOptions['quantizationRecipe'] = QUANTIZATION_START,
): Promise<QuantizationRecipe> {
  const recipe = await chooseRecipe({ recipe: asked });
  const { weights, scales } = recipe;
  if (weights.granularity === 'tensor' && scales === undefined) return recipe;
  throw new UserError(
    `Expected a recipe of quantization with one range for all weights of a layer, of any scale, to train from but ${recipe.name} has ${scales === undefined ? 'one a channel' : 'powers of two'}`,
    { remedy: `Take another one, such as ${QUANTIZATION_START}.` },
  );
}

/** After a run that was stopped before its first step: one that has begun stores itself. */
function whatIsKept(out: string, { resume }: OpenCheckpoints): string {
  return resume === undefined
    ? 'Stopped before the first step: nothing is kept, and the same options begin anew.'
    : `Stopped before the next step: ${out} is as it was, and ${option('resume', true)} goes on after step ${resume.step}.`;
}

/** @throws UserError where images have alpha, which nothing varies */
function requireColours({ name, facts }: OpenedFloatModel): void {
  const { shape } = facts.input;
  if (shape[2] !== 4) return;
  throw new UserError(
    `Expected a network of grey or RGB images to train with but ${name} takes [${shape}]`,
    { remedy: `Quantize it without a training: ${call('quantize')}.` },
  );
}

/** How ranges are found and weights are held. What a run of before did not have is absent unless it is asked for. */
function rulesOf({
  ranges = 'learned',
  freezeAfter = FREEZE_AFTER,
  dampening = 0,
  batchNorms = FROZEN,
}: QuantizationAwareOptions): QuantizedTraining {
  return { ranges, freezeAfter, dampening, ...(batchNorms !== FROZEN && { batchNorms }) };
}

/** With how it learns from the float network. */
function taughtBy(recipe: Recipe) {
  const { distillation = QUANTIZATION_AWARE.distillation } = recipe;
  return { ...recipe, distillation: distillation! };
}

interface Job {
  readonly recipe: Recipe;
  readonly quantization: QuantizationRecipe;
  readonly opened: OpenedFloatModel;
  readonly checkpoints: OpenCheckpoints;
}

class QuantizationAwareRun {
  private readonly options: QuantizationAwareOptions;
  private readonly job: Job;
  private readonly rules: QuantizedTraining;
  /** What teaches. */
  private readonly float: FloatGraph;

  constructor(options: QuantizationAwareOptions, job: Job) {
    this.options = options;
    this.job = job;
    this.float = floatGraphOf(job.opened);
    this.rules = rulesOf(options);
  }

  async run(context: Context): Promise<QuantizationAwareResult> {
    const images = await this.images(context);
    const start = await this.start(images, context);
    const network = new QuantizedNetwork(start.graph, start.model, this.rules);
    const teacher = new GraphNetwork(this.float, network.output);
    try {
      return await this.train({ network, teacher, start, images }, context);
    } finally {
      network.dispose();
      teacher.dispose();
    }
  }

  /** With some of the training images held out. */
  private async images(context: Context): Promise<NetworkImages> {
    const { limit, seed } = this.options;
    const { opened } = this.job;
    const found = await this.modelImages(context);
    const { dataset, labels } = await networkImages(found, opened, this.float, context);
    const { validationImages = defaultValidationImages(dataset, limit) } = this.options;
    if (validationImages === 0) return { dataset, labels };
    return { dataset: holdOutValidation(dataset, validationImages, seed), labels };
  }

  /** Of the data set that was given, or of the one that was named. */
  private async modelImages(context: Context): Promise<ModelImages> {
    const { data, dataset } = this.options;
    const { opened } = this.job;
    if (typeof dataset === 'object') {
      return { dataset, labelOffset: labelOffsetOn(opened.facts, dataset) };
    }
    return openModelImages(opened, { dataset, dir: data, option: 'data' }, context);
  }

  private async start({ dataset }: NetworkImages, context: Context): Promise<QuantizedModel> {
    const { calibrationImages: images = CONVERSION_DEFAULTS.calibrationImages } = this.options;
    const { opened, quantization } = this.job;
    const { seed, softmax } = this.options;
    const source = { dataset, images, seed, skip: 0 };
    return quantizeModel(opened, quantization, source, context, opened.name, { softmax });
  }

  private async train(
    { network, teacher, start, images }: Parts,
    context: Context,
  ): Promise<QuantizationAwareResult> {
    const { out, eager = false } = this.options;
    const { opened, recipe, quantization } = this.job;
    const taught = taughtBy(recipe);
    const step = await createTrainStep(network, taught, {
      regularizeDepthwise: false,
      teacher: { model: teacher, ...taught.distillation },
      eager,
      reporter: context.reporter,
    });
    const save = async (folder: string): Promise<StoredTf8> => {
      step.updateModel();
      return storeTf8(network, quantization, folder);
    };
    try {
      const training = await train(step, {
        ...this.trainOptions(taught, inputOf(images.dataset, opened.facts.input), start, context),
        keepBest: async () => {
          await save(join(out, BEST));
        },
      });
      const { path: tf8, model } = await save(out);
      return {
        out,
        tf8,
        ...(training.best && { best: join(out, BEST) }),
        training,
        recipe: taught,
        labels: images.labels,
        quantization: {
          recipe: quantization,
          calibrationImages: start.report.calibrationImages,
          batchNorms: FROZEN,
          ...this.rules,
          reEstimatedLayers: network.reEstimatedLayers,
          splitLayers: network.splitLayers,
          inexactLayers: network.inexactLayers(model),
        },
      };
    } finally {
      step.dispose();
    }
  }

  private trainOptions(
    recipe: Recipe,
    dataset: TrainOptions['dataset'],
    { graph }: QuantizedModel,
    { reporter, signal }: Context,
  ): TrainOptions {
    const { out, limit, seed, checkpointSteps } = this.options;
    const { opened, quantization, checkpoints } = this.job;
    const { label = `training ${opened.name} quantization-aware` } = this.options;
    const usual = checkpointSteps === undefined ? CHECKPOINT_SECONDS : undefined;
    const { checkpointSeconds = usual } = this.options;
    const weights = weightsOf(opened);
    return {
      dataset,
      recipe,
      network: networkNameOf(graph.name, this.rules),
      label,
      start: startNameOf(weights, quantization.name),
      teacher: weights,
      limit,
      seed,
      reporter,
      signal,
      resume: checkpoints.resume,
      observe: () =>
        watchRun(out, {
          title: `${opened.name} on ${dataset.name}, quantization-aware`,
          steps: new RunBudget(recipe, epochImages(dataset, recipe, limit)).steps,
          resumedFrom: checkpoints.resume?.step,
          reporter,
        }),
      checkpoints: {
        folder: checkpoints.folder,
        everySeconds: checkpointSeconds,
        everySteps: checkpointSteps,
      },
    };
  }
}

interface Parts {
  readonly network: QuantizedNetwork;
  readonly teacher: GraphNetwork;
  readonly start: QuantizedModel;
  readonly images: NetworkImages;
}

interface StoredTf8 {
  /** Of the file. */
  readonly path: string;
  /** As the network made it. */
  readonly model: Tf8Model;
}

async function storeTf8(
  network: QuantizedNetwork,
  recipe: QuantizationRecipe,
  folder: string,
): Promise<StoredTf8> {
  const model = network.tf8Model();
  const trained = { ...recipe, name: `${recipe.name}, then trained quantization-aware` };
  const file = await encodeTf8({ ...model, provenance: { ...model.provenance, recipe: trained } });
  await makeWritableFolder(folder);
  const path = join(folder, TRAINED_TF8);
  await writeFileAtomic(path, file);
  return { path, model };
}
