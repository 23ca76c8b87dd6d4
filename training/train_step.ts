import * as tf from '@tensorflow/tfjs';
import { logitsModel } from '../architectures/build_model.ts';
import type { ImageBatch } from '../datasets/dataset.ts';
import { useNativeTrainingOps } from './native_training_ops.ts';
import type { Recipe } from './recipe.ts';
import { SlimRmsProp } from './slim_rmsprop.ts';

export interface StepResult {
  /** Mean cross-entropy of the batch, in nats, without the regularization. */
  readonly loss: number;
  /** Images of the batch whose largest logit is their class. */
  readonly correct: number;
}

/** One step of training, operation by operation (eager); holds the optimizer's state until `dispose`. */
export class TrainStep {
  private readonly logits: tf.LayersModel;
  private readonly recipe: Recipe;
  private readonly optimizer: SlimRmsProp;
  private readonly variables: readonly tf.Variable[];
  private readonly decays: ReadonlyMap<string, number>;
  private readonly dropouts: readonly { seed: number }[];
  private readonly restoreOps: () => void;

  /** @param regularizeDepthwise whether the recipe's `depthwiseWeightDecay` applies */
  constructor(model: tf.LayersModel, recipe: Recipe, regularizeDepthwise: boolean) {
    this.logits = logitsModel(model);
    this.recipe = recipe;
    this.optimizer = new SlimRmsProp(recipe.optimizer);
    this.variables = this.logits.trainableWeights.map((weight) => weight.read() as tf.Variable);
    this.decays = new Map(
      this.logits.trainableWeights.map((weight) => [
        (weight.read() as tf.Variable).name,
        decayOf(weight.originalName, recipe, regularizeDepthwise),
      ]),
    );
    this.dropouts = model.layers
      .filter((layer) => layer.getClassName() === 'Dropout')
      .map((layer) => layer as unknown as { seed: number });
    this.restoreOps = tf.getBackend() === 'tensorflow' ? useNativeTrainingOps(model) : () => {};
  }

  /** Mean cross-entropy of a batch as inference has it, in nats; changes nothing. */
  loss(batch: ImageBatch): number {
    return tf.tidy(() => {
      const images = tf.tensor4d(batch.images, [...batch.shape]);
      const logits = this.logits.apply(images, { training: false }) as tf.Tensor2D;
      const labels = tf.oneHot(tf.tensor1d(batch.labels, 'int32'), logits.shape[1]!);
      return tf.losses.softmaxCrossEntropy(labels, logits).dataSync()[0]!;
    });
  }

  /**
   * Forward, backward, batch-norm statistics, weights.
   * @param labels class of each image: [N]
   * @param seed of the step's dropout; TensorFlow.js would draw the same mask at every step
   */
  run(batch: ImageBatch, learningRate: number, seed: number): StepResult {
    for (const dropout of this.dropouts) dropout.seed = seed;
    return tf.tidy(() => {
      const images = tf.tensor4d(batch.images, [...batch.shape]);
      const labels = tf.tensor1d(batch.labels, 'int32');
      let correct: tf.Scalar | undefined;
      const { value, grads } = tf.variableGrads(() => {
        const logits = this.logits.apply(images, { training: true }) as tf.Tensor2D;
        correct = tf.keep(logits.argMax(1).equal(labels).sum().asScalar());
        const expected = tf.oneHot(labels, logits.shape[1]!);
        const { labelSmoothing } = this.recipe;
        return tf.losses
          .softmaxCrossEntropy(expected, logits, undefined, labelSmoothing)
          .asScalar();
      }, [...this.variables]);
      this.optimizer.apply(this.variables, this.regularized(grads), learningRate);
      const result = { loss: value.dataSync()[0]!, correct: correct!.dataSync()[0]! };
      correct!.dispose();
      return result;
    });
  }

  dispose(): void {
    this.restoreOps();
    this.optimizer.dispose();
  }

  private regularized(gradients: tf.NamedTensorMap): tf.NamedTensorMap {
    return Object.fromEntries(
      this.variables.map((variable) => {
        const gradient = gradients[variable.name]!;
        const decay = this.decays.get(variable.name)!;
        return [variable.name, decay === 0 ? gradient : gradient.add(variable.mul(decay))];
      }),
    );
  }
}

/** slim: convolution weights decay, depthwise ones only on request; biases, γ and β do not. */
function decayOf(weightName: string, recipe: Recipe, regularizeDepthwise: boolean): number {
  if (weightName.endsWith('/depthwise_kernel')) {
    return regularizeDepthwise ? recipe.depthwiseWeightDecay : 0;
  }
  return weightName.endsWith('/kernel') ? recipe.weightDecay : 0;
}
