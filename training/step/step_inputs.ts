import * as tf from '@tensorflow/tfjs';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import type { StepInputs, StepResult } from './train_step.ts';

/** The inputs of `StepProgram.train`. */
export function stepInputs(batch: LabelledBatch, inputs: StepInputs): tf.NamedTensorMap {
  const { seed, step, learningRate } = inputs;
  return {
    images: tf.tensor4d(batch.images, [...batch.shape]),
    labels: tf.tensor1d(batch.labels, 'int32'),
    learningRate: tf.scalar(learningRate),
    stepsBefore: tf.scalar(step),
    seed: tf.tensor1d(Int32Array.of(seed, 0), 'int32'),
  };
}

/** Runs a step and reads what it gives. */
export function stepResult(train: () => tf.NamedTensorMap): StepResult {
  const [loss, correct] = tf.tidy(() => {
    const outputs = train();
    return [outputs.loss.dataSync()[0], outputs.correct.dataSync()[0]];
  });
  return { loss, correct: correct };
}

/** Runs a prediction on images [N, H, W, 3] and reads its logits [N, classes]. */
export function logitsOf(
  predict: (inputs: tf.NamedTensorMap) => tf.NamedTensorMap,
  images: Float32Array,
  shape: LabelledBatch['shape'],
): Float32Array {
  return tf.tidy(
    () => predict({ images: tf.tensor4d(images, [...shape]) }).logits.dataSync() as Float32Array,
  );
}
