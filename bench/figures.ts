/**
 * What the paper shows in figures, measured on networks of ours: for docs/why-mobilenets-collapse.md.
 * `npm run bench:figures -- --help` lists the options.
 */
import { join } from 'node:path';
import { openDataset } from '../datasets/open_dataset.ts';
import { UserError } from '../foundation/errors.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { selectBackend } from '../training/backend.ts';
import { DEFAULT_DATASET } from '../workflows/open/model_facts.ts';
import { openData } from '../workflows/open/open_data.ts';
import { openFloatModel } from '../workflows/open/open_model.ts';
import { environment } from '../workflows/records/environment.ts';
import {
  type PaperFiguresRecord,
  paperFiguresRecordSchema,
} from '../workflows/records/paper_figures_record.ts';
import { compareActivations } from './figures/activations.ts';
import { measurePhotograph } from './figures/photograph.ts';
import { countFrom, runRecordedBench, valuesOf } from './run_bench.ts';

const NETWORK = 'mobilenet_v1_1.0_224';
const RESULT = join(import.meta.dirname, 'results', 'paper_figures.json');
const SEED = 0;

const HELP = `Usage: npm run bench:figures [-- OPTIONS]

Prints as JSON what the paper shows in figures: the SQNR of every layer with ReLU6 and with ReLU, and
what the published ${NETWORK} takes a photograph for.

  --relu6 MODEL --relu MODEL   two networks that differ in nothing but the activation
  --data DIR                   the data set that they were trained on, where it is not fetched
  --images-per-class 10        images that are compared, of each class
  --imagenet DIR               ImageNet, as folders or TFRecords: for the photograph
  --class "white wolf"         the photograph's class
  --record                     stores the figures as bench/results/paper_figures.json, for "npm run docs"
`;

interface Options {
  readonly networks: { readonly relu6: string; readonly relu: string } | undefined;
  readonly data: string | undefined;
  readonly imagesPerClass: number;
  readonly imagenet: string | undefined;
  readonly label: string;
}

async function measure(options: Options, context: Context): Promise<PaperFiguresRecord> {
  const { networks, imagenet, label } = options;
  return paperFiguresRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(await selectBackend()),
    ...(networks && { activations: await activationsOf(networks, options, context) }),
    ...(imagenet !== undefined && { photograph: await photographIn(imagenet, label, context) }),
  });
}

async function activationsOf(
  networks: NonNullable<Options['networks']>,
  { data, imagesPerClass }: Options,
  context: Context,
) {
  const relu6 = await openFloatModel(networks.relu6, context);
  const relu = await openFloatModel(networks.relu, context);
  try {
    const dataset = await openData(relu.facts.dataset ?? DEFAULT_DATASET, data, 'data', context);
    return await compareActivations({ relu6, relu, dataset, imagesPerClass, seed: SEED }, context);
  } finally {
    relu6.dispose();
    relu.dispose();
  }
}

async function photographIn(dir: string, label: string, context: Context) {
  const dataset = await openDataset('imagenet', { ...context, dir });
  const opened = await openFloatModel(NETWORK, context);
  try {
    return await measurePhotograph(opened, dataset, { label, seed: SEED }, context);
  } finally {
    opened.dispose();
  }
}

function parse() {
  return valuesOf(
    {
      relu6: { type: 'string' },
      relu: { type: 'string' },
      data: { type: 'string' },
      'images-per-class': { type: 'string', default: '10' },
      imagenet: { type: 'string' },
      class: { type: 'string', default: 'white wolf' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

function optionsFrom(values: Omit<ReturnType<typeof parse>, 'help' | 'record'>): Options {
  const { relu6, relu, data, imagenet } = values;
  if ((relu6 === undefined) !== (relu === undefined)) {
    const [given, missing] = relu === undefined ? ['--relu6', '--relu'] : ['--relu', '--relu6'];
    throw new UserError(`Expected ${missing} beside ${given} but it is missing`);
  }
  return {
    networks: relu6 !== undefined && relu !== undefined ? { relu6, relu } : undefined,
    data,
    imagesPerClass: countFrom('--images-per-class', values['images-per-class']),
    imagenet,
    label: values.class,
  };
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: (values, context) => measure(optionsFrom(values), context),
});
