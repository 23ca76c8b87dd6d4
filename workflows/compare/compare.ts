import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../../quantize/params/roundings.ts';
import { selectBackend } from '../../training/backend.ts';
import { runNameOf } from '../analyze/analyze_run.ts';
import { warnOfOtherPreprocessing } from '../open/model_input.ts';
import { openModelImages } from '../open/open_data.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { chooseRecipe } from '../quantize/choose_recipe.ts';
import { CONVERSION_DEFAULTS } from '../quantize/conversion.ts';
import { calibrationSource, quantizeModel } from '../quantize/quantize.ts';
import { recorded } from '../records/analysis_record.ts';
import { writeComparison } from '../records/comparison_files.ts';
import type { ComparedRow, Comparison } from '../records/comparison_record.ts';
import { environment } from '../records/environment.ts';
import { runId, startRun } from '../records/run_record.ts';
import { mean } from '../records/statistics.ts';
import { option } from '../wording.ts';
import { BesideFloat } from './beside_float.ts';
import { COMPARED_RECIPES, type CompareOptions, FLOAT_ROW } from './compare_options.ts';
import { comparedRow } from './compared_row.ts';
import { ContestantMeter } from './contestant.ts';
import { type ImagePlan, planImages } from './image_plan.ts';
import { type MeasuredOutputs, measuredOutputs, outputsOf } from './measured_outputs.ts';
import { modelImages } from './model_images.ts';
import { publishedNote } from './published_note.ts';
import { WiderActivations } from './wider_activations.ts';

export interface TimedRow extends ComparedRow {
  /** What quantizing by the recipe took, the mean over the subsets; 0 for the float network. */
  readonly seconds: number;
}

export interface CompareResult {
  /** Folder of the record. */
  readonly run: string;
  readonly model: string;
  readonly dataset: string;
  readonly kernelTier: TierName;
  /** The float network first, then each recipe in the order asked for, by each profile and number of images. */
  readonly rows: readonly TimedRow[];
  readonly notes: readonly string[];
  /** As JSON has it: "lossless" for an infinite ratio. */
  toJSON(): unknown;
}

/** A recipe with a rule of requantization and a number of calibration images. */
interface Entry {
  readonly recipe: Recipe;
  /** Undefined where no rules are compared. */
  readonly profile: RoundingName | undefined;
  readonly calibrationImages: number;
  /** By subset. */
  readonly networks: QuantizedContestant[];
}

interface QuantizedContestant {
  /** [N, …] of each output, in the order of the float network's. */
  outputs(images: Float32Array): readonly Float32Array[];
  close(): void;
  readonly meter: ContestantMeter;
  readonly seconds: number;
}

/**
 * Recipes of quantization side by side, on the same images: accuracy where these have classes of the
 * network, agreement with the float network, and SQNR of the outputs. The float network runs once over
 * the images for all rows. Labels are read for accuracies alone. The record is a folder of `runsDir`.
 * @throws UserError where `runsDir` cannot be written, the model or the images cannot be opened, a recipe
 *   is none, or there are too few images for the subsets; QuantizationError naming a layer that TF8
 *   cannot hold; the signal's reason when aborted
 */
export async function compare(options: CompareOptions, context: Context): Promise<CompareResult> {
  const { data, calibrationData, runsDir } = options;
  const profiles = options.profiles && [
    ...new Set<RoundingName>([DEFAULT_ROUNDING, ...options.profiles]),
  ];
  const recipes = await Promise.all(
    (options.recipes ?? COMPARED_RECIPES)
      .filter((recipe) => recipe !== FLOAT_ROW)
      .map((recipe) => chooseRecipe({ recipe })),
  );
  requireDifferentNames(recipes);
  requireCurved(recipes, options);
  for (const images of [data, calibrationData]) {
    await requireOutsideImages(runsDir, images, 'runsDir');
  }
  await makeWritableFolder(runsDir);
  const opened = await openFloatModel(options.model, context, options);
  try {
    return await compareOpened(opened, recipes, { ...options, profiles }, context);
  } finally {
    opened.dispose();
  }
}

function requireDifferentNames(recipes: readonly Recipe[]): void {
  const names = recipes.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new UserError(`Expected recipes of different names but "${twice}" comes twice`, {
    remedy: 'Change the "name" of one of them, or leave it out.',
  });
}

function requireCurved(recipes: readonly Recipe[], { curve }: CompareOptions): void {
  if (curve === undefined || recipes.length > 0) return;
  throw new UserError(
    `Expected a recipe for ${option('curve')} but there is the float network alone`,
    {
      remedy: `Name one in ${option('recipes')}, such as best.`,
    },
  );
}

async function compareOpened(
  opened: OpenedFloatModel,
  recipes: readonly Recipe[],
  options: CompareOptions,
  context: Context,
): Promise<CompareResult> {
  const { seed, runsDir, limit, subsets = 1 } = options;
  const { curve = [] } = options;
  const counts =
    options.calibrationImages ??
    (curve.length > 0 ? [Math.max(...curve)] : [CONVERSION_DEFAULTS.calibrationImages]);
  const { dataset, labelOffset } = await openModelImages(
    opened,
    { dataset: options.dataset, dir: options.data, option: 'data' },
    context,
  );
  if (options.dataset !== undefined) warnOfOtherPreprocessing(opened, dataset, context.reporter);
  const most = Math.max(...counts, ...curve);
  const { dataset: calibrating } = await calibrationSource(
    { ...options, calibrationImages: most, dataset: dataset.name },
    { dataset, limit: 0 },
    context,
  );
  const images = planImages({ measured: dataset, calibrating, images: most, subsets, limit });
  const notes: string[] = [];
  if (images.overlap) {
    notes.push('Some images are calibrated with and measured.');
    context.reporter.warn(
      `some calibration images are among the measured ones; pass another folder as ${option('calibrationData')}, or ${option('limit')}`,
    );
  }
  const { weightsSha256 = '' } = opened.facts.origin;
  const configuration = {
    model: opened.name,
    weightsSha256,
    evaluation: { dataset: dataset.name, sha256: dataset.fingerprint, limit: limit ?? null, seed },
    calibration: {
      dataset: calibrating.name,
      sha256: calibrating.fingerprint,
      images: [...counts],
      ...(curve.length > 0 && { curve: [...curve] }),
      subsets,
    },
    recipes: JSON.parse(JSON.stringify(recipes)),
    ...(options.profiles !== undefined && { profiles: [...options.profiles] }),
    ...(options.outputs !== undefined && { outputs: [...options.outputs] }),
    ...(options.softmax && { softmax: true }),
  };
  const name = runNameOf(opened.name).replace(/^analyze/, 'compare');
  const run = join(runsDir, runId(name, configuration));
  await startRun(run);
  const { kernels } = selectKernels(options.tier, { threads: availableParallelism() });
  const entries: Entry[] = [];
  try {
    const measured = modelImages(opened, { dataset, spans: images.pieces, seed }, context);
    using floatNetwork = await BesideFloat.open(opened, measured, {
      keeps: false,
      softmax: options.softmax,
    });
    const outputs = measuredOutputs(floatNetwork.graph, opened.facts.outputs);
    await quantizeAll(
      { opened, asked: askedOf(recipes, counts, curve), calibrating, images, outputs, labelOffset },
      entries,
      { options, context },
    );
    const meters = await measure(floatNetwork, {
      name: opened.name,
      plan: images,
      outputs,
      labelOffset,
      entries,
    });
    const float = comparedRow(meters, { recipe: FLOAT_ROW });
    const rows: TimedRow[] = [
      { ...float, seconds: 0 },
      ...entries.map(({ recipe, profile, calibrationImages, networks }) => ({
        ...comparedRow(
          networks.map(({ meter }) => meter),
          { recipe: recipe.name, ...(profile && { profile }), calibrationImages, knobs: recipe },
        ),
        seconds: mean(networks.map(({ seconds }) => seconds)),
      })),
    ];
    for (const { name, activations } of recipes) {
      if (activations === undefined) continue;
      notes.push(`${name}: activations of ${activations.bits} bits are simulated in float.`);
    }
    const published = publishedNote(opened);
    if (published !== undefined) notes.push(published);
    const skipped = measured.skipped.length;
    if (skipped > 0) notes.push(`${skipped} images to measure could not be read.`);
    const comparison: Comparison = {
      name,
      command: options.command ?? 'a program that calls compare',
      configuration,
      environment: await environment(await selectBackend()),
      data: {
        evaluation: { dataset: dataset.name, sha256: dataset.fingerprint },
        calibration: { dataset: calibrating.name, sha256: calibrating.fingerprint },
      },
      kernelTier: kernels.tier,
      model: opened.name,
      weightsSha256,
      rows: rows.map(({ seconds: _, ...row }) => row),
      notes,
    };
    const quantizingSeconds = rows.map(({ seconds }) => seconds);
    await writeComparison(run, comparison, { quantizingSeconds });
    const result = {
      run,
      model: opened.name,
      dataset: dataset.name,
      kernelTier: kernels.tier,
      rows,
      notes,
    };
    return { ...result, toJSON: () => recorded(result) };
  } finally {
    for (const { networks } of entries) for (const network of networks) network.close();
  }
}

/** A recipe and a number of images that it is to be calibrated with. */
interface Asked {
  readonly recipe: Recipe;
  readonly count: number;
}

/** Every recipe with every number of images; the last one with those of the curve as well, in ascending order. */
function askedOf(
  recipes: readonly Recipe[],
  counts: readonly number[],
  curve: readonly number[],
): readonly Asked[] {
  return recipes.flatMap((recipe, at) => {
    const isCurved = curve.length > 0 && at === recipes.length - 1;
    const own = isCurved ? [...new Set([...counts, ...curve])].sort((a, b) => a - b) : counts;
    return own.map((count) => ({ recipe, count }));
  });
}

interface QuantizingParts {
  readonly opened: OpenedFloatModel;
  readonly asked: readonly Asked[];
  readonly calibrating: Dataset;
  readonly images: ImagePlan;
  readonly outputs: MeasuredOutputs;
  readonly labelOffset: number | undefined;
}

/** Adds a network for each recipe, number of images and subset to `entries`. */
async function quantizeAll(
  { opened, asked, calibrating, images, outputs, labelOffset }: QuantizingParts,
  entries: Entry[],
  {
    options: { seed, tier, softmax, profiles: given },
    context,
  }: { readonly options: CompareOptions; readonly context: Context },
): Promise<void> {
  const profiles: readonly (RoundingName | undefined)[] = given ?? [undefined];
  const kinds = asked.flatMap((one) => profiles.map((profile) => ({ ...one, profile })));
  const all = kinds.length * images.subsets.length;
  let begunNetworks = 0;
  for (const { recipe, count, profile } of kinds) {
    const networks: QuantizedContestant[] = [];
    const calibrationImages = Math.min(count, images.subsets[0].limit);
    entries.push({ recipe, profile, calibrationImages, networks });
    for (const { skip, limit } of images.subsets) {
      const source = {
        dataset: calibrating,
        images: Math.min(count, limit),
        seed,
        skip,
        rounding: profile,
      };
      const begun = performance.now();
      const kind = profile === undefined ? recipe.name : `${recipe.name}, ${profile}`;
      const label = `${opened.name} by ${kind} (${++begunNetworks} of ${all})`;
      const ends = { softmax };
      const { activations, ...integers } = recipe;
      const quantized = await quantizeModel(opened, integers, source, context, label, ends);
      const seconds = (performance.now() - begun) / 1000;
      const network =
        activations === undefined
          ? inIntegers(quantized.model, tier)
          : new WiderActivations(quantized, activations);
      networks.push({
        outputs: (images) => network.outputs(images),
        close: () => network.close(),
        meter: new ContestantMeter(outputs, labelOffset),
        seconds,
      });
    }
  }
}

function inIntegers(model: Tf8Model, tier: CompareOptions['tier']) {
  const plan = planOn(model, { tier, threads: availableParallelism() });
  return {
    outputs: (images: Float32Array) => outputsOf(plan, images),
    close: () => plan.close(),
  };
}

interface MeasuringParts {
  readonly name: string;
  readonly plan: ImagePlan;
  readonly outputs: MeasuredOutputs;
  readonly labelOffset: number | undefined;
  readonly entries: readonly Entry[];
}

/**
 * Shows every network the images that did not calibrate it, as far as that is planned.
 * @returns what the float network is worth on each subset's images
 */
async function measure(
  float: BesideFloat,
  { name, plan, outputs, labelOffset, entries }: MeasuringParts,
): Promise<readonly ContestantMeter[]> {
  const meters = plan.subsets.map(() => new ContestantMeter(outputs, labelOffset));
  const shown = await float.each(`measuring ${name}`, ({ batch, outputs: exact, span }) => {
    const { heldOut } = plan.pieces[span];
    meters.forEach((meter, subset) => {
      if (subset !== heldOut) meter.add(exact, exact, batch);
    });
    for (const { networks } of entries) {
      networks.forEach((network, subset) => {
        if (subset !== heldOut) network.meter.add(exact, network.outputs(batch.images), batch);
      });
    }
  });
  if (shown > 0) return meters;
  throw new UserError('Expected at least one image to measure but received none that can be read', {
    remedy: `Give a folder of images as ${option('data')}, or fewer ${option('calibrationImages')}.`,
  });
}
