import * as tf from '@tensorflow/tfjs';
import { readValues } from '../../architectures/graph/read_values.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import type { StepInputs, StepResult } from './train_step.ts';

/** Apart from the numbers of a network's dropouts, which are added to it. */
const DROPOUTS_OF_A_RANK = 2 ** 16;

/** The inputs of `StepProgram.train`. */
export function stepInputs(batch: LabelledBatch, inputs: StepInputs): tf.NamedTensorMap {
  const { seed, step, learningRate, share, progress } = inputs;
  const rank = share?.rank ?? 0;
  return {
    ...imagesOf(batch),
    learningRate: tf.scalar(learningRate),
    stepsBefore: tf.scalar(step),
    seed: tf.tensor1d(Int32Array.of(seed, rank * DROPOUTS_OF_A_RANK), 'int32'),
    ...(progress !== undefined && { progress: tf.scalar(progress) }),
    ...(share && {
      share: tf.scalar(batch.shape[0]),
      told: tf.tensor1d([share.mine.stop ? 1 : 0, rank === 0 ? share.mine.seconds : 0]),
    }),
  };
}

/** Where a share holds none, one image that counts nothing: libtensorflow trains on no empty batch. */
function imagesOf({
  images,
  labels,
  shape,
}: LabelledBatch): Record<'images' | 'labels', tf.Tensor> {
  if (shape[0] > 0) {
    return { images: tf.tensor4d(images, [...shape]), labels: tf.tensor1d(labels, 'int32') };
  }
  const [, height, width, channels] = shape;
  return { images: tf.zeros([1, height, width, channels]), labels: tf.zeros([1], 'int32') };
}

/** Runs a step and reads what it gives. */
export function stepResult(train: () => tf.NamedTensorMap): StepResult {
  let result!: StepResult;
  tf.tidy(() => {
    result = readResult(train());
  });
  return result;
}

/** Reads what a step gives. */
export function readResult(outputs: tf.NamedTensorMap): StepResult {
  const [loss, correct] = [outputs.loss, outputs.correct].map((value) => value.dataSync()[0]);
  const { images, told } = outputs;
  const [stops, seconds] = told?.dataSync() ?? [];
  const joint = images && {
    images: images.dataSync()[0],
    agreed: { stop: stops > 0, seconds },
  };
  return { loss, correct, ...(joint && { joint }) };
}

/** Runs a prediction on images [N, H, W, 3] and reads its logits [N, classes]. */
export function logitsOf(
  predict: (inputs: tf.NamedTensorMap) => tf.NamedTensorMap,
  images: Float32Array,
  shape: LabelledBatch['shape'],
): Float32Array {
  const [logits] = readValues(() => [predict({ images: tf.tensor4d(images, [...shape]) }).logits]);
  return logits;
}
