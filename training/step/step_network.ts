import type * as tf from '@tensorflow/tfjs';

/** What a network is told of the step that trains it. */
export interface TrainingPass {
  /** int32 [2]: of the step's dropout. */
  readonly seed: tf.Tensor;
  /** Share of the run that is done, a scalar in [0, 1]; only of one that follows it. */
  readonly progress: tf.Tensor;
}

/** A network as a step trains it: variables, and how they make logits of images. */
export interface StepNetwork {
  /** All that training changes, by the names of `TrainStep.readState`. */
  readonly weights: ReadonlyMap<string, tf.Variable>;
  /** Of these, those that gradients change. */
  readonly trained: ReadonlyMap<string, tf.Variable>;
  /** Of these, those that follow the images of a step: workers take their mean. */
  readonly statistics: readonly tf.Variable[];
  /** Whether it asks for `TrainingPass.progress`. */
  readonly followsProgress?: boolean;
  /** images [N, H, W, C] → logits [N, classes]; statistics follow the images. */
  train(images: tf.Tensor, pass: TrainingPass): tf.Tensor2D;
  /** images [N, H, W, C] → logits [N, classes], as inference has them. */
  predict(images: tf.Tensor): tf.Tensor2D;
}
