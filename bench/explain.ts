/**
 * Why a MobileNet collapses in 8 bits, measured: the figures of docs/why-mobilenets-collapse.md.
 * `npm run bench:explain -- --help` lists the options.
 */
import { join } from 'node:path';
import { openDataset } from '../datasets/open_dataset.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { selectBackend } from '../training/backend.ts';
import { openFloatModel } from '../workflows/open/open_model.ts';
import { environment } from '../workflows/records/environment.ts';
import { type ExplainRecord, explainRecordSchema } from '../workflows/records/explain_record.ts';
import { disjointData } from '../workflows/reproduce/table_data.ts';
import { measureDepthwise, trainedRanges } from './explain/depthwise_weights.ts';
import { measurePhotographs } from './explain/photographs.ts';
import { countFrom, namedModel, runRecordedBench, valuesOf } from './run_bench.ts';

const NETWORK = 'mobilenet_v1_1.0_224';
const RESULT = join(import.meta.dirname, 'results', 'explain.json');
const SEED = 0;

const HELP = `Usage: npm run bench:explain [-- OPTIONS]

Prints as JSON what is measured of the published ${NETWORK}.

  --imagenet DIR         ImageNet, as folders or TFRecords: accuracy and the layers' outputs too
  --images 16            images whose layers are compared
  --limit N              images whose classes are compared; all unless given
  --trained NAME=MODEL   the depthwise weights of a trained network too; may be given several times
  --record               stores the figures as bench/results/explain.json, for "npm run docs"
`;

interface Options {
  readonly imagenet: string | undefined;
  readonly images: number;
  readonly limit: number | undefined;
  readonly trained: readonly { readonly name: string; readonly model: string }[];
}

async function measure(options: Options, context: Context): Promise<ExplainRecord> {
  const { imagenet, images, limit, trained } = options;
  const opened = await openFloatModel(NETWORK, context);
  const weights = measureDepthwise(opened.layersModel);
  const photographs =
    imagenet === undefined
      ? undefined
      : await measurePhotographs(
          opened,
          disjointData(await openDataset('imagenet', { ...context, dir: imagenet })).dataset,
          { images, limit, seed: SEED },
          context,
        );
  const networks: ExplainRecord['trained'] = [];
  for (const { name, model: reference } of trained) {
    const own = await openFloatModel(reference, context);
    const { weightsSha256 = '' } = own.facts.origin;
    networks.push({ name, weightsSha256, layers: trainedRanges(own.graph) });
    own.dispose();
  }
  opened.dispose();
  return explainRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(await selectBackend()),
    network: NETWORK,
    weightsSha256: opened.facts.origin.weightsSha256,
    ...weights,
    ...(photographs && { photographs }),
    trained: networks,
  });
}

function parse() {
  return valuesOf(
    {
      imagenet: { type: 'string' },
      images: { type: 'string', default: '16' },
      limit: { type: 'string' },
      trained: { type: 'string', multiple: true, default: [] },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

function optionsFrom({
  imagenet,
  images,
  limit,
  trained,
}: Omit<ReturnType<typeof parse>, 'help' | 'record'>): Options {
  return {
    imagenet,
    images: countFrom('--images', images),
    limit: limit === undefined ? undefined : countFrom('--limit', limit),
    trained: trained.map((pair) => namedModel('--trained', pair)),
  };
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: (values, context) => measure(optionsFrom(values), context),
});
