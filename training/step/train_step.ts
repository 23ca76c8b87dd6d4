import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import type { Agreement } from '../loop/team.ts';

export interface StepInputs {
  readonly learningRate: number;
  /** Of the step's dropout: an integer in [0, 2³²). */
  readonly seed: number;
  /** Steps done before this one; Adam's bias correction and the warm-up of averages count from it. */
  readonly step: number;
  /** Share of the run that is done, in [0, 1]; of a step that follows it. */
  readonly progress?: number;
  /** Of a worker among others: whose share the batch is, and what it tells them. */
  readonly share?: { readonly rank: number; readonly mine: Agreement };
}

export interface StepResult {
  /**
   * What is minimized, without the regularization: the mean cross-entropy of the batch in nats, or
   * its mixture with the divergence from a teacher (`Recipe.distillation`).
   */
  readonly loss: number;
  /** Images of the batch whose largest logit is their class. */
  readonly correct: number;
  /** Of a step that several workers share, whose loss and `correct` are those of the joint batch. */
  readonly joint?: {
    /** Of all shares. */
    readonly images: number;
    readonly agreed: Agreement;
  };
}

/**
 * One step of training, again and again: forward, gradients, batch-norm statistics, optimizer,
 * moving average of the weights. Holds all that the training changes until `dispose`.
 */
export interface TrainStep {
  /** eager: operation by operation. compiled: one call of libtensorflow's session. */
  readonly kind: 'compiled' | 'eager';
  /** Whether it asks for `StepInputs.progress`. */
  readonly followsProgress?: boolean;
  /**
   * Where workers wait for each other the event loop goes on; elsewhere it is blocked until the step is
   * done.
   * @param batch labels in [0, classes)
   */
  run(batch: LabelledBatch, inputs: StepInputs): StepResult | Promise<StepResult>;
  /**
   * Logits [N, classes] of images [N, H, W, 3] as inference has them, by the weights that the
   * training is to give: their moving average where the recipe keeps one.
   */
  predict(images: Float32Array, shape: LabelledBatch['shape']): Float32Array;
  /**
   * All that a later run needs to go on exactly: weights by name (`Conv2d_0/kernel`), the
   * optimizer's slots (`Conv2d_0/kernel/RMSProp`, `…/RMSProp_1`, `…/Adam`, `…/Adam_1`), moving
   * averages (`…/ExponentialMovingAverage`). The arrays are copies.
   */
  readState(): ReadonlyMap<string, WeightTensor>;
  /**
   * Takes up what `readState` gave.
   * @throws InvalidValueError naming a tensor that is missing, of another shape or unknown; nothing is
   *   changed then
   */
  writeState(state: ReadonlyMap<string, WeightTensor>): void;
  /**
   * Sets the model's weights to the ones that the training is to give (see `predict`), until another
   * method is called; `dispose` leaves them.
   */
  updateModel(): void;
  /** Frees what the training holds; the model is the caller's. */
  dispose(): void;
}

/** A step of this process alone. */
export interface LocalTrainStep extends TrainStep {
  /** Blocks until the step is done. @param batch labels in [0, classes) */
  run(batch: LabelledBatch, inputs: StepInputs): StepResult;
}
