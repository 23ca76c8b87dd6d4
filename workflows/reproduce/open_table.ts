import type { LabelledDataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import { type Backend, requireTensorFlow, selectBackend } from '../../training/backend.ts';
import { useOneDnnFor } from '../../training/one_dnn/choose_one_dnn.ts';
import { openData } from '../open/open_data.ts';
import { chooseRecipe } from '../quantize/choose_recipe.ts';
import { option } from '../wording.ts';
import { AnalysisStore } from './analysis_store.ts';
import { changePreset, type PresetChanges } from './change_preset.ts';
import { MeasurementStore, type Measuring } from './measure_network.ts';
import type { RowPlan } from './network_plan.ts';
import { NetworkStore } from './network_store.ts';
import { needsTraining, planRows, publishedPlans } from './plan.ts';
import type { Preset, TableName } from './preset.ts';
import { presetOf } from './presets.ts';
import { publishedModels } from './published_models.ts';
import { leftOut, PAPERS_NETWORK } from './row_titles.ts';
import { disjointData, type TableData, wholeData } from './table_data.ts';
import { tableTraining } from './table_training.ts';

export interface ReproduceOptions {
  /** What is compared; "paper" unless given. */
  readonly table?: TableName | undefined;
  readonly dataset: string;
  readonly preset: string;
  /** Folder of the data set; imagenet needs one. */
  readonly data?: string | undefined;
  /** ImageNet class folders for rows of the published network beside those of another data set. */
  readonly imagenet?: string | undefined;
  /** Of those, images that are measured; all unless given. */
  readonly imagenetLimit?: number | undefined;
  /** The preset's unless given. */
  readonly seeds?: readonly number[] | undefined;
  readonly changes?: PresetChanges | undefined;
  /** Name or JSON file of a recipe of quantization, for the row in the place of the best one. */
  readonly recipe?: string | Recipe | undefined;
  /** MODELs that stand for published networks: "NETWORK=MODEL", or "MODEL" of a table's only network. */
  readonly published?: readonly string[] | undefined;
  readonly runsDir: string;
  /** For the record: what repeats the table, without folders of the machine. */
  readonly command?: string | undefined;
}

/** A table before its first row. */
export interface OpenTable {
  readonly preset: Preset;
  readonly seeds: readonly number[];
  readonly rows: readonly RowPlan[];
  /** The recipe that was asked for in the place of the best one. */
  readonly quantization?: Recipe | undefined;
  /** How a row is measured with a seed. */
  readonly measuring: (row: RowPlan, seed: number) => Measuring;
  readonly dataset: LabelledDataset;
  readonly networks: Pick<NetworkStore, 'find' | 'provide'>;
  readonly measurements: Pick<MeasurementStore, 'find' | 'measure'>;
  readonly analyses: Pick<AnalysisStore, 'analyze'>;
  readonly backend: Backend;
  /** By data set: what identifies the images. */
  readonly data: Readonly<Record<string, TableData['identity']>>;
  /** What is known before the first row. */
  readonly notes: readonly string[];
}

/**
 * Opens what a table needs: its plan, its data, what earlier tables have left.
 * @throws UserError before any data is opened where `runsDir` cannot be written or the table is none
 *   that can be made; openData's errors
 */
export async function openTable(options: ReproduceOptions, context: Context): Promise<OpenTable> {
  const { imagenet, imagenetLimit, runsDir, changes = {} } = options;
  const { wording = (message: string) => message } = context;
  const preset = changePreset(presetOf(options.dataset, options.preset, options.table), changes);
  if (imagenet !== undefined && preset.dataset === 'imagenet') {
    throw new UserError(
      `Expected ${option('imagenet')} beside another data set but the table is of imagenet`,
      {
        remedy: `Pass the folder as ${option('data')} alone.`,
      },
    );
  }
  const { seeds = Array.from({ length: preset.seeds }, (_, seed) => seed) } = options;
  const { families = [preset.network ?? PAPERS_NETWORK] } = preset;
  const published = publishedModels(options.published ?? [], families);
  const { recipe } = options;
  const quantization = recipe === undefined ? undefined : await chooseRecipe({ recipe });
  const planning = {
    preset,
    seeds,
    published,
    quantization,
    withPublishedRows: imagenet !== undefined,
  };
  const rowsAsked = planRows(planning);
  const isAllTrained = rowsAsked.every(needsTraining);
  await makeWritableFolder(runsDir);
  const training = tableTraining(rowsAsked, preset);
  if (training !== undefined) await useOneDnnFor(training, context);
  const backend = await selectBackend();
  if (isAllTrained) await requireTensorFlow('Retraining');
  const canTrain = backend.name === 'tensorflow';

  const table = await openData(preset.dataset, options.data, 'data', context);
  const data = disjointData(table, preset.testImages);
  const planned = planRows({ ...planning, trainImages: data.dataset.count('train') });
  const rows = canTrain ? planned : planned.filter((row) => !needsTraining(row));
  const networks = new NetworkStore(runsDir, data, backend, context);
  // Weights that cannot be had are told of now, not after hours of the rows before.
  for (const plan of publishedPlans(rows)) await networks.find(plan);
  const photographs =
    imagenet === undefined
      ? undefined
      : wholeData(await openData('imagenet', imagenet, 'imagenet', context));
  return {
    preset,
    seeds,
    rows,
    quantization,
    measuring: (row, seed) => ({
      ...(row.data === 'published'
        ? { data: photographs!, testImages: imagenetLimit }
        : { data, testImages: preset.testImages }),
      seed,
      calibrationImages: preset.calibrationImages,
      recipe: row.quantization,
    }),
    dataset: data.dataset,
    networks,
    measurements: new MeasurementStore(runsDir, backend, context),
    analyses: new AnalysisStore(runsDir, backend, context),
    backend,
    data: Object.fromEntries(
      [data, photographs]
        .filter((one) => one !== undefined)
        .map(({ identity }) => [identity.dataset, identity]),
    ),
    notes: [
      ...notesOf(preset, imagenet === undefined),
      ...data.notes,
      ...(canTrain ? [] : [`Rows that are trained are left out: ${backend.notes.join('; ')}.`]),
    ].map((note) => wording(note)),
  };
}

function notesOf(preset: Preset, withoutPhotographs: boolean): string[] {
  const missing = leftOut(preset);
  const { name, dataset, widthMultiplier } = preset;
  return [
    ...(missing.length > 0
      ? [`Left out of this table (preset ${name}): ${missing.join(', ')}.`]
      : []),
    ...preset.notes,
    ...(widthMultiplier === 1
      ? []
      : [`Width ${widthMultiplier}, from random weights: none of that width are published.`]),
    ...(name === 'quick' && dataset !== 'imagenet' && withoutPhotographs
      ? [
          `Rows of the published network on ImageNet are left out: they need ${option('imagenet', 'DIR')}.`,
        ]
      : []),
  ];
}
