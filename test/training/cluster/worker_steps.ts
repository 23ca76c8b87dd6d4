/**
 * Run by `cluster.test.ts`, once for each worker and once alone: steps of a tiny network on shares of the
 * same joint batches. Its argument is a `WorkerRun` in JSON; it prints a `WorkerReport`.
 */
import type * as tf from '@tensorflow/tfjs';
import type { LabelledBatch } from '../../../datasets/dataset.ts';
import { messageOf } from '../../../foundation/errors.ts';
import { selectTrainingBackend } from '../../../training/backend.ts';
import { Cluster } from '../../../training/cluster/cluster.ts';
import type { ClusterPlace } from '../../../training/cluster/place.ts';
import { shareOfBatches } from '../../../training/loop/epoch_images.ts';
import { sha256OfTensors } from '../../../training/loop/start_facts.ts';
import type { Recipe } from '../../../training/recipes/recipe.ts';
import { ClusterStep } from '../../../training/step/cluster_step.ts';
import { CompiledStep } from '../../../training/step/compiled_step.ts';
import type { TrainStep } from '../../../training/step/train_step.ts';
import { randomizeBatchNorms } from '../../architectures/support.ts';
import { batchOf, RMSPROP } from '../step/support.ts';
import { tinyModel } from '../support.ts';

export interface WorkerRun {
  /** Undefined for one process that takes whole batches. */
  readonly place?: ClusterPlace;
  /** Begins with a fact of its own. */
  readonly apart?: boolean;
}

export interface Trained {
  readonly losses: readonly number[];
  readonly correct: readonly number[];
  readonly images: readonly (number | undefined)[];
  readonly sha256: string;
  readonly kernel: readonly number[];
}

export interface WorkerReport {
  /** Batch norms normalize by their moving statistics: the same however a batch is divided. */
  readonly frozen: Trained;
  /** As in training, with dropout; the last batch has an image for one worker only. */
  readonly free: Trained;
  readonly agreed?: { readonly stop: boolean; readonly seconds: number };
  readonly texts?: readonly string[];
  readonly refusal?: string;
}

const BATCH = 16;
const SIZES = [BATCH, BATCH, BATCH];

const { place, apart = false }: WorkerRun = JSON.parse(process.argv[2]);
await selectTrainingBackend();
const cluster =
  place &&
  (await Cluster.join(place, {
    timeoutSeconds: 60,
    threads: 1,
    signal: AbortSignal.timeout(60_000),
  }));

function freeze(model: tf.LayersModel): void {
  for (const layer of model.layers) {
    if (layer.getClassName() !== 'BatchNormalization') continue;
    const call = layer.call.bind(layer);
    layer.call = (inputs, kwargs) => call(inputs, { ...kwargs, training: false });
  }
}

function shareOf({ images, labels, shape, names }: LabelledBatch): LabelledBatch {
  const [size, ...rest] = shape;
  const [begin, end] = cluster ? shareOfBatches(cluster, BATCH)(size) : [0, size];
  const pixels = images.length / size;
  return {
    images: images.slice(begin * pixels, end * pixels),
    labels: labels.slice(begin, end),
    names: names.slice(begin, end),
    shape: [end - begin, ...rest],
    position: size,
  };
}

async function train(recipe: Recipe, sizes: readonly number[], frozen: boolean): Promise<Trained> {
  const model = tinyModel(recipe);
  randomizeBatchNorms(model);
  const options = { regularizeDepthwise: false };
  const step: TrainStep = cluster
    ? new ClusterStep(model, recipe, options, cluster)
    : new CompiledStep(model, recipe, options);
  if (frozen) freeze(model);
  const results = [];
  for (const [number, size] of sizes.entries()) {
    const mine = { stop: false, seconds: number };
    results.push(
      await step.run(shareOf(batchOf(size, number)), {
        learningRate: 0.02,
        seed: 1000 + number,
        step: number,
        ...(cluster && { share: { rank: cluster.rank, mine } }),
      }),
    );
  }
  const state = step.readState();
  step.dispose();
  model.dispose();
  return {
    losses: results.map(({ loss }) => loss),
    correct: results.map(({ correct }) => correct),
    images: results.map(({ joint }) => joint?.images),
    sha256: sha256OfTensors(state),
    kernel: [...state.get('Conv2d_1c_1x1/kernel')!.values],
  };
}

async function refusal(): Promise<string | undefined> {
  try {
    await cluster?.requireAlike({ recipe: { batchSize: apart ? 8 : BATCH } });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const agreed = await cluster?.agree({ stop: cluster.rank === 1, seconds: 7 + cluster.rank });
const texts = await cluster?.gather('a test', 'x'.repeat(place!.rank + 1));
const report: WorkerReport = {
  frozen: await train(RMSPROP, SIZES, true),
  free: await train({ ...RMSPROP, dropout: 0.5, movingAverageDecay: 0.9 }, [...SIZES, 9], false),
  ...(agreed && { agreed }),
  ...(texts && { texts }),
};
const refused = await refusal();
process.stdout.write(
  `${JSON.stringify({ ...report, ...(refused !== undefined && { refusal: refused }) })}\n`,
  () => process.exit(0),
);
