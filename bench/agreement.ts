/**
 * The control of the paper's first table: networks trained at scale in plain 8 bits, held against float on
 * photographs. `npm run bench:agreement -- --help` lists the options.
 */
import { join } from 'node:path';
import { openDataset } from '../datasets/open_dataset.ts';
import { UserError } from '../foundation/errors.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { selectBackend } from '../training/backend.ts';
import { compareOutputs } from '../workflows/evaluate/compare_outputs.ts';
import { openFloatModel } from '../workflows/open/open_model.ts';
import { quantizeModel } from '../workflows/quantize/quantize.ts';
import {
  type AgreementRecord,
  agreementRecordSchema,
} from '../workflows/records/agreement_record.ts';
import { environment } from '../workflows/records/environment.ts';
import { countFrom, runRecordedBench, valuesOf } from './run_bench.ts';
import { suiteModelPath } from './suite/fetch_package.ts';
import { readSuite } from './suite/read_suite.ts';

const RESULT = join(import.meta.dirname, 'results', 'agreement.json');
const SEED = 0;

/** Each from where it is published: a public checkpoint, or a model of the suite. */
const NETWORKS = [
  { title: 'MobileNetV1', checkpoint: 'mobilenet_v1_1.0_224' },
  { title: 'MobileNetV2', suite: 'nsfw_mobilenet_v2' },
  { title: 'InceptionV3', suite: 'nsfw_inception_v3' },
] as const;

const HELP = `Usage: npm run bench:agreement -- --data DIR [OPTIONS]

Prints as JSON how often networks that were trained at scale name the same class in float and in plain 8 bits.

  --data DIR               photographs
  --images 100             that are compared
  --calibration-images 100 others, that give the ranges
  --record                 stores that as bench/results/agreement.json, for "npm run docs"
`;

interface Options {
  readonly data: string;
  readonly images: number;
  readonly calibrationImages: number;
}

type Network = AgreementRecord['networks'][number];

async function measure(
  { data: dir, images, calibrationImages }: Options,
  context: Context,
): Promise<AgreementRecord> {
  const dataset = await openDataset('images', { ...context, dir });
  const networks: Network[] = [];
  for (const network of NETWORKS) {
    const { path, origin } = await placeOf(network, context);
    const opened = await openFloatModel(path, context);
    const source = { dataset, images: calibrationImages, seed: SEED, skip: images };
    const { model: tf8 } = await quantizeModel(opened, 'keep', source, context);
    const { outputs } = await compareOutputs(
      { opened, tf8, tier: 'auto', dataset, limit: images, seed: SEED },
      context,
    );
    const [{ agreement, sqnrDb }] = outputs;
    const classes = opened.facts.outputs - opened.facts.labels.labelOffset;
    const figures = { agreementPercent: agreement!, sqnrDb: Number(sqnrDb.toFixed(1)) };
    networks.push({ title: network.title, origin, classes, ...figures });
    opened.dispose();
  }
  return agreementRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(await selectBackend()),
    data: dataset.fingerprint,
    images,
    calibrationImages,
    seed: SEED,
    networks,
  });
}

async function placeOf(network: (typeof NETWORKS)[number], context: Context) {
  if ('checkpoint' in network) {
    return { path: network.checkpoint, origin: `the published ${network.checkpoint}` };
  }
  const { models, packages } = await readSuite();
  const model = models.find(({ name }) => name === network.suite)!;
  const { version } = packages.find((each) => each.package === model.package)!;
  const path = await suiteModelPath(model, packages, context);
  return { path, origin: `npm ${model.package} ${version}` };
}

function parse() {
  return valuesOf(
    {
      data: { type: 'string' },
      images: { type: 'string', default: '100' },
      'calibration-images': { type: 'string', default: '100' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: async ({ data, images, 'calibration-images': calibrated }, context) => {
    if (data === undefined) throw new UserError('Expected --data DIR', { remedy: HELP });
    const calibrationImages = countFrom('--calibration-images', calibrated);
    return measure({ data, images: countFrom('--images', images), calibrationImages }, context);
  },
});
