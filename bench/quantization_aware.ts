/**
 * What training in the executor's integers makes of published networks, on images that it has not seen.
 * `npm run bench:quantization-aware -- --help` lists the options.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataset } from '../datasets/open_dataset.ts';
import { UserError } from '../foundation/errors.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { requireTensorFlow } from '../training/backend.ts';
import { environment } from '../workflows/records/environment.ts';
import {
  type QuantizationAwareRecord,
  type QuantizationAwareRow,
  quantizationAwareRecordSchema,
} from '../workflows/records/quantization_aware_record.ts';
import { FROZEN } from '../workflows/train/quantization_aware_options.ts';
import { measuredTraining, type TrainingTask } from './quantization_aware/measured_training.ts';
import { countFrom, imagenetFrom, namedModel, runRecordedBench, valuesOf } from './run_bench.ts';

const RESULT = join(import.meta.dirname, 'results', 'quantization-aware.json');

const HELP = `Usage: npm run bench:quantization-aware -- --imagenet DIR [OPTIONS]

Trains published networks in the executor's integers, with the float network as the teacher, on the photographs
of a folder that is not divided; measures them on those held out and on those trained on. Prints the figures as JSON.

  --imagenet DIR                ImageNet, as folders of the classes
  --networks MODEL,…            mobilenet_v1_1.0_224 unless given; NAME=MODEL says what the record calls it
  --seeds 0,1                   which photographs are held out; 0 unless given
  --held-out 100                photographs
  --untrained NAME              recipe of quantization to compare with; best unless given
  --record                      stores the figures in bench/results/quantization-aware.json, for "npm run docs";
                                its other rows of the same photographs stay

As the command has them unless given:

  --quantization-recipe NAME    what the training starts from
  --ranges learned              or observed
  --batch-norms frozen          or re-estimated; several, with commas, become rows each
  --learning-rate X             at the start
  --epochs N
`;

interface Options {
  readonly imagenet: string;
  readonly networks: readonly Pick<TrainingTask, 'name' | 'model'>[];
  readonly seeds: readonly number[];
  readonly heldOut: number;
  /** Whether rows of the stored record are kept. */
  readonly record: boolean;
  /** As the command has them where one is undefined. */
  readonly batchNorms: readonly TrainingTask['batchNorms'][];
  readonly task: Pick<
    TrainingTask,
    'untrained' | 'quantizationRecipe' | 'ranges' | 'learningRate' | 'epochs'
  >;
}

async function measure(options: Options, context: Context): Promise<QuantizationAwareRecord> {
  const { imagenet, networks, seeds, heldOut, batchNorms, record, task } = options;
  const backend = await requireTensorFlow('The bench of training in integers');
  const dataset = await openDataset('imagenet', { ...context, dir: imagenet });
  if (!dataset.splitsAreEqual || heldOut >= dataset.count('train')) {
    throw new UserError(
      `Expected a folder that is not divided, of more than the ${heldOut} images to be held out, for --imagenet but ${imagenet} has ${dataset.count('train')} to train on`,
    );
  }
  const rows: QuantizationAwareRow[] = [];
  for (const network of networks) {
    for (const norms of batchNorms) {
      for (const seed of seeds) {
        const row = { ...task, ...network, batchNorms: norms, seed, imagenet, dataset, heldOut };
        rows.push(await measuredTraining(row, context));
      }
    }
  }
  return quantizationAwareRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(backend),
    data: dataset.fingerprint,
    rows: record ? [...(await otherRows(rows, dataset.fingerprint)), ...rows] : rows,
  });
}

/** Rows of the stored record of the same photographs that were not measured anew. */
async function otherRows(
  rows: readonly QuantizationAwareRow[],
  fingerprint: string,
): Promise<readonly QuantizationAwareRow[]> {
  const text = await readFile(RESULT, 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  const stored = quantizationAwareRecordSchema.parse(JSON.parse(text));
  if (stored.data !== fingerprint) return [];
  const measured = new Set(rows.map(keyOf));
  return stored.rows.filter((row) => !measured.has(keyOf(row)));
}

/** What is measured once. */
function keyOf({ network, seed, float, training }: QuantizationAwareRow): string {
  const { quantization, ranges, batchNorms = FROZEN } = training;
  const { images } = float.heldOut;
  return JSON.stringify([network, seed, images, quantization, ranges, batchNorms]);
}

const STRING = { type: 'string' } as const;

function parse() {
  return valuesOf(
    {
      imagenet: STRING,
      networks: { ...STRING, default: 'mobilenet_v1_1.0_224' },
      seeds: { ...STRING, default: '0' },
      'held-out': { ...STRING, default: '100' },
      untrained: STRING,
      'quantization-recipe': STRING,
      ranges: STRING,
      'batch-norms': STRING,
      'learning-rate': STRING,
      epochs: STRING,
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

function optionsFrom(values: Omit<ReturnType<typeof parse>, 'help'>): Options {
  const { networks, seeds, ranges, epochs, untrained } = values;
  const imagenet = imagenetFrom(values.imagenet, HELP);
  if (ranges !== undefined && ranges !== 'learned' && ranges !== 'observed') {
    throw new UserError(`Expected learned or observed for --ranges but received ${ranges}`);
  }
  const learningRate = values['learning-rate'];
  return {
    imagenet,
    networks: networks
      .split(',')
      .map((model) =>
        model.includes('=') ? namedModel('--networks', model) : { name: model, model },
      ),
    seeds: seeds.split(',').map((seed) => (seed === '0' ? 0 : countFrom('--seeds', seed))),
    heldOut: countFrom('--held-out', values['held-out']),
    record: values.record ?? false,
    batchNorms: values['batch-norms']?.split(',').map(batchNormsFrom) ?? [undefined],
    task: {
      untrained,
      quantizationRecipe: values['quantization-recipe'],
      ranges,
      // The recipe's schema says what it may be.
      learningRate: learningRate === undefined ? undefined : Number(learningRate),
      epochs: epochs === undefined ? undefined : countFrom('--epochs', epochs),
    },
  };
}

function batchNormsFrom(text: string): TrainingTask['batchNorms'] {
  if (text === 'frozen' || text === 're-estimated') return text;
  throw new UserError(`Expected frozen or re-estimated for --batch-norms but received ${text}`);
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: (values, context) => measure(optionsFrom(values), context),
});
