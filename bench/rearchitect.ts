/**
 * What the re-architecture of the published network keeps without any training step, and how that
 * depends on the number of images. `npm run bench:rearchitect -- --help` lists the options.
 */
import { join } from 'node:path';
import { openDataset } from '../datasets/open_dataset.ts';
import { UserError } from '../foundation/errors.ts';
import { runCommand } from '../foundation/processes/run_command.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { requireTensorFlow } from '../training/backend.ts';
import { Evaluation } from '../workflows/evaluate/evaluation.ts';
import { openFloatModel } from '../workflows/open/open_model.ts';
import { environment } from '../workflows/records/environment.ts';
import {
  type RearchitectRecord,
  rearchitectRecordSchema,
} from '../workflows/records/rearchitect_record.ts';
import { disjointData } from '../workflows/reproduce/table_data.ts';
import type { Fit, FitTask } from './rearchitect/fit.ts';
import { countFrom, imagenetFrom, runRecordedBench, valuesOf } from './run_bench.ts';

const NETWORK = 'mobilenet_v1_1.0_224';
const VARIANT = 'friendly';
const SEED = 0;
const RESULT = join(import.meta.dirname, 'results', 'rearchitect.json');

const HELP = `Usage: npm run bench:rearchitect -- --imagenet DIR [OPTIONS]

Fits the friendly variant to the published ${NETWORK} on some of the images and measures
it on others; prints the figures as JSON. A folder that is not divided into training and validation
images is halved.

  --imagenet DIR         ImageNet, as folders or TFRecords
  --images 50,100,250    images to fit on
  --limit N              images that are measured; all unless given
  --record               stores the figures as bench/results/rearchitect.json, for "npm run docs"
`;

interface Options {
  readonly imagenet: string;
  readonly counts: readonly number[];
  readonly limit: number | undefined;
}

async function measure(options: Options, context: Context): Promise<RearchitectRecord> {
  const { imagenet, counts, limit } = options;
  const backend = await requireTensorFlow('The bench of re-architecture');
  const { dataset } = disjointData(await openDataset('imagenet', { ...context, dir: imagenet }));
  const tooMany = counts.find((count) => count > dataset.count('train'));
  if (tooMany !== undefined) {
    throw new UserError(
      `Expected at most the ${dataset.count('train')} images to fit on for --images but received ${tooMany}`,
    );
  }
  const opened = await openFloatModel(NETWORK, context);
  const evaluation = new Evaluation(dataset, { limit, seed: SEED }, context);
  const original = await evaluation.float(opened);
  opened.dispose();
  const calibrationImages = Math.max(...counts);
  const fits: Fit[] = [];
  for (const images of counts) {
    const task = { model: NETWORK, variant: VARIANT, imagenet, seed: SEED };
    fits.push(
      await fitInProcess(
        { ...task, images, calibrationImages, ...(limit !== undefined && { limit }) },
        context.signal,
      ),
    );
  }
  return rearchitectRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(backend),
    network: NETWORK,
    variant: VARIANT,
    seed: SEED,
    data: dataset.fingerprint,
    evaluatedImages: evaluation.counts().images,
    calibrationImages,
    originalTop1Percent: original.top1,
    fits,
  });
}

async function fitInProcess(task: FitTask, signal: AbortSignal): Promise<Fit> {
  const script = join(import.meta.dirname, 'rearchitect', 'fit.ts');
  const { exitCode, stdout } = await runCommand(
    process.execPath,
    ['--import', 'tsx', script, JSON.stringify(task)],
    { signal, onErrorOutput: (text) => process.stderr.write(text) },
  );
  if (exitCode === 0) return JSON.parse(stdout) as Fit;
  throw new UserError(`Expected a fit on ${task.images} images but it failed`, {
    remedy: 'Its messages stand above.',
  });
}

function parse() {
  return valuesOf(
    {
      imagenet: { type: 'string' },
      images: { type: 'string', default: '50,100,250' },
      limit: { type: 'string' },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

function optionsFrom({ imagenet, images, limit }: Omit<ReturnType<typeof parse>, 'help'>): Options {
  return {
    imagenet: imagenetFrom(imagenet, HELP),
    counts: [...new Set(images.split(',').map((count) => countFrom('--images', count)))].sort(
      (a, b) => a - b,
    ),
    limit: limit === undefined ? undefined : countFrom('--limit', limit),
  };
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: (values, context) => measure(optionsFrom(values), context),
});
