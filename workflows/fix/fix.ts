import { availableParallelism } from 'node:os';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';
import { isSameSplit } from '../../datasets/is_same_split.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { LayerAnalysis } from '../../quantize/analyze/analysis.ts';
import { AS_PUBLISHED, type Recipe } from '../../quantize/convert/recipe.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import { isSameRecipe } from '../../quantize/model/recipe_of.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { QuantizationError } from '../../quantize/params/errors.ts';
import { measureLayers } from '../analyze/analyze_network.ts';
import type { TestImages } from '../analyze/test_images.ts';
import { worded } from '../analyze/worded.ts';
import { modelImages } from '../compare/model_images.ts';
import { warnOfOtherPreprocessing } from '../open/model_input.ts';
import { openImages } from '../open/open_data.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { isOurRecipe } from '../outputs/our_files.ts';
import { isOurTf8File } from '../outputs/our_tf8_file.ts';
import { outputRules, requireOutputFiles } from '../outputs/output_files.ts';
import { CONVERSION_DEFAULTS } from '../quantize/conversion.ts';
import {
  type CalibrationSource,
  calibrationSource,
  type QuantizedModel,
  quantizeModel,
} from '../quantize/quantize.ts';
import { recorded, type WordedAnalysis } from '../records/analysis_record.ts';
import { option } from '../wording.ts';
import { type FixOptions, JUDGED_IMAGES } from './fix_options.ts';
import { Judge, type JudgedFigures, pays } from './judge.ts';
import { remediesFor } from './remedies.ts';

/** Images that a diagnosis looks at: ratios of energies hardly differ between images. */
const DIAGNOSED_IMAGES = 32;

/** What the recipes are called that come of this. */
const FIXED = 'fixed';

export interface FixDiagnosis extends JudgedFigures {
  readonly recipe: Recipe;
  readonly verdict: string;
  /** By layer and cause, the costliest first. */
  readonly diagnosis: WordedAnalysis['diagnosis'];
  /** In execution order. */
  readonly layers: readonly Pick<
    LayerAnalysis,
    'name' | 'op' | 'localSqnrDb' | 'cumulativeSqnrDb' | 'causes' | 'logits' | 'deadChannels'
  >[];
}

/** A remedy that was tried. */
export interface FixStep {
  readonly remedy: string;
  /** Noise on the outputs by their energy that the diagnosis says goes with it; 0 of what is always tried. */
  readonly predictedGain: number;
  readonly recipe: Recipe;
  /** null where the network cannot be quantized so, as `reason` says. */
  readonly sqnrDb: number | null;
  /** null there too, and where no output has classes. */
  readonly agreement: number | null;
  readonly kept: boolean;
  readonly reason?: string;
}

export interface FixResult {
  readonly model: string;
  readonly before: FixDiagnosis;
  readonly steps: readonly FixStep[];
  readonly after: FixDiagnosis;
  /** The TF8 file. */
  readonly out: string;
  /** The file of the recipe. */
  readonly recipe: string;
  readonly calibrationImages: number;
  /** Images that recipes were judged on. */
  readonly images: number;
  readonly kernelTier: TierName;
  /** As JSON has it: "lossless" for an infinite ratio. */
  toJSON(): unknown;
}

/**
 * Quantizes a float model by the recipe that pays: diagnoses it as published, tries the remedies that a
 * recipe has for it in the order of their predicted gain, keeps those after which the outputs keep more on
 * images that nothing was calibrated with, and diagnoses it again. Labels are never read. Writes the TF8
 * file and, beside it, the recipe that makes it again.
 * @throws UserError where the files cannot be written, the model or the images cannot be opened, or no
 *   image is left to judge by; QuantizationError naming a layer that TF8 cannot hold; the signal's reason
 *   when aborted
 */
export async function fix(options: FixOptions, context: Context): Promise<FixResult> {
  const { out } = options;
  const recipeFile = `${out}.recipe.json`;
  await requireOutputFiles(
    [
      { path: out, isOurs: isOurTf8File },
      { path: recipeFile, isOurs: isOurRecipe },
    ],
    outputRules(options),
  );
  const opened = await openFloatModel(options.model, context, options);
  try {
    return await fixOpened(opened, recipeFile, options, context);
  } finally {
    opened.dispose();
  }
}

/** A network quantized by a recipe, and what that is worth. */
interface Candidate {
  readonly recipe: Recipe;
  readonly quantized: QuantizedModel;
  readonly figures: JudgedFigures;
}

async function fixOpened(
  opened: OpenedFloatModel,
  recipeFile: string,
  options: FixOptions,
  context: Context,
): Promise<FixResult> {
  const { out, tier } = options;
  const { source, images } = await divideImages(opened, options, context);
  const { kernels } = selectKernels(tier, { threads: availableParallelism() });
  const judge = await Judge.open(opened, images);
  const notes = new Set<string>();
  const quiet = { ...context, reporter: onceReporter(context.reporter, notes) };
  const candidate = async (recipe: Recipe, remedy: string): Promise<Candidate> => {
    const label = `${opened.name}, ${remedy}`;
    const quantized = await quantizeModel(opened, recipe, source, quiet, label);
    const plan = planOn(quantized.model, { tier, threads: availableParallelism() });
    try {
      return { recipe, quantized, figures: await judge.figures(plan, `judging ${label}`) };
    } finally {
      plan.close();
    }
  };
  const diagnosed = async ({ recipe, quantized, figures }: Candidate): Promise<FixDiagnosis> => {
    const parts = { images, kernels, recipe };
    const analysis = await diagnose(opened, quantized, parts, options, context);
    const { verdict = '', diagnosis } = analysis;
    const layers = analysis.layers.map(
      ({ name, op, localSqnrDb, cumulativeSqnrDb, causes, logits, deadChannels }) => ({
        name,
        op,
        localSqnrDb,
        cumulativeSqnrDb,
        causes,
        logits,
        deadChannels,
      }),
    );
    return { recipe, ...figures, verdict, diagnosis, layers };
  };

  const first = await candidate(AS_PUBLISHED, AS_PUBLISHED.name);
  const before = await diagnosed(first);
  const steps: FixStep[] = [];
  let fixed = first;
  for (const { name, predictedGain, apply } of remediesFor(before.diagnosis)) {
    context.signal.throwIfAborted();
    const recipe = { ...apply(fixed.recipe), name: FIXED };
    if (isSameRecipe(recipe, { ...fixed.recipe, name: FIXED })) continue;
    const step = { remedy: name, predictedGain, recipe };
    try {
      const tried = await candidate(recipe, name);
      const kept = pays(tried.figures, fixed.figures);
      const { sqnrDb, agreement } = tried.figures;
      steps.push({ ...step, sqnrDb, agreement, kept });
      if (kept) fixed = tried;
    } catch (error) {
      if (!(error instanceof QuantizationError)) throw error;
      steps.push({ ...step, sqnrDb: null, agreement: null, kept: false, reason: error.message });
    }
  }
  const after = fixed === first ? before : await diagnosed(fixed);
  await writeFileAtomic(out, await encodeTf8(fixed.quantized.model));
  await writeFileAtomic(recipeFile, `${JSON.stringify(fixed.recipe, null, 2)}\n`);
  const result = {
    model: opened.name,
    before,
    steps,
    after,
    out,
    recipe: recipeFile,
    calibrationImages: fixed.quantized.model.provenance.calibrationImages,
    images: fixed.figures.images,
    kernelTier: kernels.tier,
  };
  return { ...result, toJSON: () => recorded(result) };
}

/** Of a network that is quantized many times: each warning once. */
function onceReporter(reporter: Context['reporter'], told: Set<string>): Context['reporter'] {
  return {
    ...reporter,
    warn: (message) => {
      if (told.has(message)) return;
      told.add(message);
      reporter.warn(message);
    },
  };
}

async function diagnose(
  opened: OpenedFloatModel,
  { model, graph }: QuantizedModel,
  {
    images,
    kernels,
    recipe,
  }: {
    readonly images: TestImages;
    readonly kernels: ReturnType<typeof selectKernels>['kernels'];
    readonly recipe: Recipe;
  },
  options: FixOptions,
  context: Context,
): Promise<WordedAnalysis> {
  const floats = new FloatNodes();
  try {
    const analysis = await measureLayers(
      { graph, model, floats, kernels, threads: availableParallelism() },
      images,
      { name: opened.name, labelOffset: undefined, limit: DIAGNOSED_IMAGES },
    );
    const patient = {
      ...options,
      recipe: recipe === AS_PUBLISHED ? recipe.name : recipe,
      architecture: opened.facts.architecture,
    };
    return worded({ ...analysis, model: opened.name }, patient, context);
  } finally {
    floats.dispose();
  }
}

interface DividedImages {
  readonly source: CalibrationSource;
  /** To judge by. */
  readonly images: TestImages;
}

/**
 * The first images of the order calibrate, as for `quantize`, which so makes the same file again. Where one
 * folder serves for both, the next ones judge: two thirds calibrate where there are too few for both.
 */
async function divideImages(
  opened: OpenedFloatModel,
  options: FixOptions,
  context: Context,
): Promise<DividedImages> {
  const { seed, data, calibrationData, limit = JUDGED_IMAGES } = options;
  const judged =
    data === undefined && calibrationData !== undefined
      ? ({ dir: calibrationData, option: 'calibrationData' } as const)
      : ({ dir: data, option: 'data' } as const);
  const dataset = await openImages(
    opened.facts.dataset,
    { dataset: options.dataset, ...judged },
    context,
  );
  if (options.dataset !== undefined) warnOfOtherPreprocessing(opened, dataset, context.reporter);
  const { dataset: calibrating } = await calibrationSource(
    { ...options, dataset: dataset.name },
    { dataset, limit: 0 },
    context,
  );
  const there = calibrating.count('train');
  const isShared = isSameSplit(dataset, calibrating);
  const most = isShared ? Math.max(1, Math.floor((2 * there) / 3)) : there;
  const asked = options.calibrationImages ?? CONVERSION_DEFAULTS.calibrationImages;
  const count = options.calibrationImages === undefined ? Math.min(asked, most) : asked;
  const isApart = isShared && count < there;
  if (isShared && !isApart) {
    context.reporter.warn(
      `the images that calibrate are those that recipes are judged on; pass another folder as ${option('data')}, or fewer ${option('calibrationImages')}`,
    );
  }
  const skip = isApart ? count : 0;
  const spans = [{ skip, limit: Math.min(limit, dataset.count('test') - skip) }];
  const images = modelImages(opened, { dataset, spans, seed }, context);
  return { source: { dataset: calibrating, images: count, seed, skip: 0 }, images };
}
