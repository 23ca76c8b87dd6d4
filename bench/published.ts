/**
 * What plain 8 bits cost published networks as they come: a table of README.md.
 * `npm run bench:published -- --help` lists the options.
 */
import { join } from 'node:path';
import { sha256OfTensors } from '../checkpoints/weight_tensor.ts';
import type { LabelledDataset } from '../datasets/dataset.ts';
import { openDataset } from '../datasets/open_dataset.ts';
import { UserError } from '../foundation/errors.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { selectBackend } from '../training/backend.ts';
import { Evaluation } from '../workflows/evaluate/evaluation.ts';
import { openFloatModel } from '../workflows/open/open_model.ts';
import { CONVERSION_DEFAULTS } from '../workflows/quantize/conversion.ts';
import { quantizeModel } from '../workflows/quantize/quantize.ts';
import { environment } from '../workflows/records/environment.ts';
import {
  type PublishedRecord,
  publishedRecordSchema,
} from '../workflows/records/published_record.ts';
import { disjointData } from '../workflows/reproduce/table_data.ts';
import { namedModel, runRecordedBench, valuesOf } from './run_bench.ts';

const RESULT = join(import.meta.dirname, 'results', 'published.json');
const SEED = 0;

const HELP = `Usage: npm run bench:published -- --imagenet DIR [OPTIONS]

Prints as JSON how accurate published networks are, in float and in TF8 as they come.

  --imagenet DIR        ImageNet, as folders or TFRecords; half of an undivided folder calibrates
  --network NAME=MODEL  a network and what the table calls it; may be given several times
  --record              stores the figures as bench/results/published.json, for "npm run docs"
`;

interface Options {
  readonly imagenet: string;
  readonly networks: readonly { readonly name: string; readonly model: string }[];
}

async function measure(
  { imagenet, networks }: Options,
  context: Context,
): Promise<PublishedRecord> {
  const { dataset } = disjointData(await openDataset('imagenet', { ...context, dir: imagenet }));
  const measured: PublishedRecord['networks'] = [];
  for (const network of networks) measured.push(await measureNetwork(network, dataset, context));
  return publishedRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(await selectBackend()),
    data: dataset.fingerprint,
    calibrationImages: CONVERSION_DEFAULTS.calibrationImages,
    networks: measured,
  });
}

async function measureNetwork(
  { name, model }: Options['networks'][number],
  dataset: LabelledDataset,
  context: Context,
): Promise<PublishedRecord['networks'][number]> {
  const opened = await openFloatModel(model, context);
  try {
    const evaluation = new Evaluation(dataset, { seed: SEED }, context);
    const { top1: floatTop1Percent } = await evaluation.float(opened);
    const images = CONVERSION_DEFAULTS.calibrationImages;
    const source = { dataset, images, seed: SEED, skip: 0 };
    const quantized = await quantizeModel(opened, 'keep', source, context);
    const { top1: tf8Top1Percent } = await evaluation.tf8(quantized.model, 'auto', name);
    return {
      name,
      weightsSha256: sha256OfTensors(opened.network.weights()),
      images: evaluation.counts().images,
      floatTop1Percent,
      tf8Top1Percent,
    };
  } finally {
    opened.dispose();
  }
}

function parse() {
  return valuesOf(
    {
      imagenet: { type: 'string' },
      network: { type: 'string', multiple: true, default: [] },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

function optionsFrom({ imagenet, network }: ReturnType<typeof parse>): Options {
  if (imagenet === undefined || network.length === 0) {
    throw new UserError('Expected --imagenet and at least one --network but one is missing', {
      remedy: HELP,
    });
  }
  return { imagenet, networks: network.map((pair) => namedModel('--network', pair)) };
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: (values, context) => measure(optionsFrom(values), context),
});
