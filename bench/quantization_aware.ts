/**
 * What training in the executor's integers makes of published networks, on images that it has not seen.
 * `npm run bench:quantization-aware -- --help` lists the options.
 */
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
import { measuredTraining } from './quantization_aware/measured_training.ts';
import { countFrom, runRecordedBench, valuesOf } from './run_bench.ts';

const RESULT = join(import.meta.dirname, 'results', 'quantization-aware.json');

const HELP = `Usage: npm run bench:quantization-aware -- --imagenet DIR [OPTIONS]

Trains published networks in the executor's integers, with the float network as the teacher, on the photographs
of a folder that is not divided; measures them on those held out and on those trained on. Prints the figures as JSON.

  --imagenet DIR         ImageNet, as folders of the classes
  --networks MODEL,…     mobilenet_v1_1.0_224 unless given
  --seeds 0,1            which photographs are held out; 0 unless given
  --held-out 100         photographs
  --epochs N             as the recipe has them unless given
  --record               stores the figures as bench/results/quantization-aware.json, for "npm run docs"
`;

interface Options {
  readonly imagenet: string;
  readonly networks: readonly string[];
  readonly seeds: readonly number[];
  readonly heldOut: number;
  readonly epochs: number | undefined;
}

async function measure(options: Options, context: Context): Promise<QuantizationAwareRecord> {
  const { imagenet, networks, seeds, heldOut, epochs } = options;
  const backend = await requireTensorFlow('The bench of training in integers');
  const dataset = await openDataset('imagenet', { ...context, dir: imagenet });
  if (!dataset.splitsAreEqual || heldOut >= dataset.count('train')) {
    throw new UserError(
      `Expected a folder that is not divided, of more than the ${heldOut} images to be held out, for --imagenet but ${imagenet} has ${dataset.count('train')} to train on`,
    );
  }
  const rows: QuantizationAwareRow[] = [];
  for (const model of networks) {
    for (const seed of seeds) {
      const task = { model, seed, epochs, imagenet, dataset, heldOut };
      rows.push(await measuredTraining(task, context));
    }
  }
  return quantizationAwareRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(backend),
    data: dataset.fingerprint,
    rows,
  });
}

function parse() {
  return valuesOf(
    {
      imagenet: { type: 'string' },
      networks: { type: 'string', default: 'mobilenet_v1_1.0_224' },
      seeds: { type: 'string', default: '0' },
      'held-out': { type: 'string', default: '100' },
      epochs: { type: 'string' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

function optionsFrom({
  imagenet,
  networks,
  seeds,
  'held-out': heldOut,
  epochs,
}: Omit<ReturnType<typeof parse>, 'help'>): Options {
  if (imagenet === undefined) {
    throw new UserError('Expected a folder of ImageNet images but received none', { remedy: HELP });
  }
  return {
    imagenet,
    networks: networks.split(','),
    seeds: seeds.split(',').map((seed) => (seed === '0' ? 0 : countFrom('--seeds', seed))),
    heldOut: countFrom('--held-out', heldOut),
    epochs: epochs === undefined ? undefined : countFrom('--epochs', epochs),
  };
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: (values, context) => measure(optionsFrom(values), context),
});
