/**
 * What one range for all channels costs, and what one a channel gives back, by parts of the network: for
 * docs/why-mobilenets-collapse.md. `npm run bench:granularity -- --help` lists the options.
 */
import { join } from 'node:path';
import { openDataset } from '../datasets/open_dataset.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { selectKernels } from '../quantize/kernels/select.ts';
import { requireTensorFlow } from '../training/backend.ts';
import { DEFAULT_DATASET } from '../workflows/open/model_facts.ts';
import { openData } from '../workflows/open/open_data.ts';
import { openFloatModel } from '../workflows/open/open_model.ts';
import { environment } from '../workflows/records/environment.ts';
import {
  type GranularityRecord,
  granularityRecordSchema,
} from '../workflows/records/granularity_record.ts';
import { disjointData } from '../workflows/reproduce/table_data.ts';
import { pickChannels } from './granularity/channels.ts';
import { measureNetwork } from './granularity/measure_network.ts';
import { countFrom, imagenetFrom, namedModel, runRecordedBench, valuesOf } from './run_bench.ts';

const NETWORK = 'mobilenet_v1_1.0_224';
const RESULT = join(import.meta.dirname, 'results', 'granularity.json');
const SEED = 0;

const HELP = `Usage: npm run bench:granularity -- --imagenet DIR [OPTIONS]

Prints as JSON what 8 bits make of the published ${NETWORK}: weights with one range a layer and
one a channel, activations with one range a tensor, each alone and together.

  --imagenet DIR               ImageNet, as folders or TFRecords
  --images 100                 images that are measured
  --calibration-images 10,200  images that calibrate, in turn
  --trained NAME=MODEL         a trained network too, on the test images of its data set; may be given
                               several times
  --trained-images 500         images that these are measured on
  --record                     stores the figures as bench/results/granularity.json, for "npm run docs"
`;

interface Options {
  readonly imagenet: string;
  readonly images: number;
  readonly calibrations: readonly number[];
  readonly trained: readonly { readonly name: string; readonly model: string }[];
  readonly trainedImages: number;
}

async function measure(options: Options, context: Context): Promise<GranularityRecord> {
  const { imagenet, images, calibrations, trained, trainedImages } = options;
  const measuredWith = await environment(await requireTensorFlow('The bench of granularity'));
  const opened = await openFloatModel(NETWORK, context);
  const channels = pickChannels(opened.layersModel);
  const { dataset } = disjointData(await openDataset('imagenet', { ...context, dir: imagenet }));
  const published = { name: NETWORK, opened, dataset, images, calibrations, seed: SEED };
  const networks = [await measureNetwork(published, context)];
  opened.dispose();
  for (const { name, model } of trained) {
    const own = await openFloatModel(model, context);
    const ownData = await openData(
      own.facts.dataset ?? DEFAULT_DATASET,
      undefined,
      'data',
      context,
    );
    networks.push(
      await measureNetwork(
        {
          name,
          opened: own,
          dataset: ownData,
          images: trainedImages,
          calibrations: [Math.max(...calibrations)],
          seed: SEED,
        },
        context,
      ),
    );
    own.dispose();
  }
  return granularityRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    command: commandOf(options),
    environment: measuredWith,
    seed: SEED,
    kernelTier: selectKernels('auto').kernels.tier,
    channels,
    networks,
  });
}

function commandOf({ images, calibrations, trained, trainedImages }: Options): string {
  return [
    'npm run bench:granularity -- --imagenet DIR',
    `--images ${images}`,
    `--calibration-images ${calibrations.join(',')}`,
    ...trained.map(({ name }) => `--trained "${name}=MODEL"`),
    ...(trained.length > 0 ? [`--trained-images ${trainedImages}`] : []),
    '--record',
  ].join(' ');
}

function parse() {
  return valuesOf(
    {
      imagenet: { type: 'string' },
      images: { type: 'string', default: '100' },
      'calibration-images': { type: 'string', default: '10,200' },
      trained: { type: 'string', multiple: true, default: [] },
      'trained-images': { type: 'string', default: '500' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

function optionsFrom(values: Omit<ReturnType<typeof parse>, 'help' | 'record'>): Options {
  return {
    imagenet: imagenetFrom(values.imagenet, HELP),
    images: countFrom('--images', values.images),
    calibrations: values['calibration-images']
      .split(',')
      .map((count) => countFrom('--calibration-images', count)),
    trained: values.trained.map((pair) => namedModel('--trained', pair)),
    trainedImages: countFrom('--trained-images', values['trained-images']),
  };
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: (values, context) => measure(optionsFrom(values), context),
});
