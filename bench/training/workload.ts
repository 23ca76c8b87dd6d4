import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { BATCH_NORM_EPSILON } from '../../architectures/conv_layer.ts';
import { convLayers, type MobileNetV1Config } from '../../architectures/mobilenet_v1.ts';
import { STANDARD } from '../../architectures/variants.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { SCRATCH_SMALL } from '../../training/recipes/recipes.ts';
import type { Build } from '../peers/keras_peer.ts';
import { concatenated } from '../peers/network/network_files.ts';

/** A network and its batches, which its speed depends on. */
export interface WorkloadShape {
  readonly width: number;
  readonly resolution: number;
  readonly batch: number;
  readonly classes: number;
}

export const SHAPES: readonly WorkloadShape[] = [
  { width: 0.25, resolution: 32, batch: 64, classes: 10 },
  { width: 0.5, resolution: 32, batch: 128, classes: 10 },
  { width: 1, resolution: 224, batch: 16, classes: 1001 },
  { width: 1, resolution: 64, batch: 64, classes: 10 },
];

const SEED = 1;
/** Different ones, taken in turn: a step must not find its input in a cache by repetition alone. */
const BATCHES = 4;

/** How it is trained: RMSProp, L2, batch norms and dropout as in "scratch-small", at one learning rate. */
export function recipeOf({ resolution, batch }: WorkloadShape): Recipe {
  return {
    ...SCRATCH_SMALL,
    name: 'bench',
    learningRate: { schedule: 'constant', initial: 0.01 },
    batchSize: batch,
    resolution,
  };
}

/**
 * From random weights the steps are chaotic: at the learning rate of a training, float rounding grows
 * to percents of the loss within four steps, whoever computes it. At this one the losses of the
 * shapes agreed to 5·10⁻⁶ over six steps, while these steps moved them by some percent.
 */
const CALM_LEARNING_RATE = 1e-6;

/** As `recipeOf`, so that whoever takes the same steps gets the same losses: dropout is drawn by each its own way. */
export function calmRecipeOf(shape: WorkloadShape): Recipe {
  return {
    ...recipeOf(shape),
    dropout: 0,
    learningRate: { schedule: 'constant', initial: CALM_LEARNING_RATE },
  };
}

/** The network that is trained. */
export function configOf({ width, resolution, classes }: WorkloadShape): MobileNetV1Config & {
  readonly network: 'mobilenet_v1';
} {
  return {
    network: 'mobilenet_v1',
    variant: STANDARD,
    widthMultiplier: width,
    resolution,
    classes,
  };
}

/** The network with its first weights; equal at each call. */
export function modelOf(shape: WorkloadShape, recipe: Recipe): tf.LayersModel {
  const { dropout, batchNormDecay, logitsStddev } = recipe;
  return buildMobileNetV1(configOf(shape), { dropout, batchNormDecay, logitsStddev, seed: SEED });
}

/** Pixels in [−1, 1) and classes drawn evenly: no step's time depends on what an image shows. */
export function batchesOf({ resolution, batch, classes }: WorkloadShape): readonly LabelledBatch[] {
  const generator = xoroshiro128plus(SEED);
  const names = Array.from({ length: batch }, (_, n) => `noise/${n}`);
  return Array.from({ length: BATCHES }, (_, index) => ({
    images: Float32Array.from(
      { length: batch * resolution * resolution * 3 },
      () => 2 * uniformFloat32(generator) - 1,
    ),
    shape: [batch, resolution, resolution, 3],
    labels: Int32Array.from({ length: batch }, () => uniformInt(generator, 0, classes - 1)),
    names,
    position: (index + 1) * batch,
  }));
}

/** Writes weights and batches into `folder`, for a peer in another process. */
export async function writeBuild(
  folder: string,
  shape: WorkloadShape,
  model: tf.LayersModel,
  recipe: Recipe,
  batches: readonly LabelledBatch[],
): Promise<Build> {
  const weights = join(folder, 'weights.f32');
  const images = join(folder, 'images.f32');
  const labels = join(folder, 'labels.i32');
  await writeFile(weights, concatenated(model.weights.map((weight) => weight.read().dataSync())));
  await writeFile(images, concatenated(batches.map((batch) => batch.images)));
  await writeFile(labels, concatenated(batches.map((batch) => batch.labels)));
  const { optimizer, learningRate, weightDecay, batchNormDecay, dropout } = recipe;
  return {
    layers: convLayers(configOf(shape)),
    resolution: shape.resolution,
    recipe: {
      optimizer,
      weightDecay,
      batchNormDecay,
      dropout,
      learningRate: learningRate.initial,
      batchNormEpsilon: BATCH_NORM_EPSILON,
    },
    weights: {
      path: weights,
      tensors: model.weights.map((weight) => ({
        name: weight.originalName,
        shape: weight.shape as number[],
      })),
    },
    batches: { images, labels, count: batches.length, shape: batches[0].shape },
  };
}
