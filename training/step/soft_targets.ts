import * as tf from '@tensorflow/tfjs';
import { logitsModel } from '../../architectures/logits_model.ts';
import type { Distillation } from '../recipes/recipe.ts';

/** What makes logits of images and is no LayersModel. */
export interface LogitsNetwork {
  /** images [N, H, W, C] → logits [N, classes], as inference has them; it has no variables. */
  logits(images: tf.Tensor): tf.Tensor2D;
}

/** A trained network that another is trained to follow; both have the same outputs. */
export interface Teacher<Model extends TeachingModel = tf.LayersModel> extends Distillation {
  /** Stays the caller's, unchanged. */
  readonly model: Model;
}

/** What can teach. */
export type TeachingModel = tf.LayersModel | LogitsNetwork;

/** The part of a training's loss that a teacher gives (Hinton et al., arXiv 1503.02531, section 2). */
export class SoftTargets {
  /** What the teacher counts in the loss, in [0, 1]. */
  readonly weight: number;
  /** The teacher's weights and moving statistics, which no step changes. */
  readonly constants: readonly tf.Variable[];
  private readonly teacher: LogitsNetwork;
  private readonly temperature: number;

  constructor({ model, weight, temperature }: Teacher<TeachingModel>) {
    this.weight = weight;
    this.temperature = temperature;
    const isOfLayers = model instanceof tf.LayersModel;
    this.teacher = isOfLayers ? networkOf(model) : model;
    const weights = isOfLayers ? model.weights : [];
    this.constants = weights.map((variable) => variable.read() as unknown as tf.Variable);
  }

  /** images [N, H, W, 3] → ln softmax(z/T) [N, classes] of the teacher, as inference has it. */
  logProbabilities(images: tf.Tensor): tf.Tensor2D {
    return tf.tidy(() => this.soft(this.teacher.logits(images)));
  }

  /**
   * The mean over the batch of T² · Σ p (ln p − ln q), q the network's softmax(z/T). T² makes up for
   * the gradient's 1/T², so that the share of the teacher is the same at every temperature.
   * @param logits z of the network [N, classes]
   * @param targets ln p [N, classes]
   */
  loss(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Scalar {
    const divergence = targets
      .exp()
      .mul(targets.sub(this.soft(logits)))
      .sum(1);
    return divergence.mean().mul(this.temperature ** 2) as tf.Scalar;
  }

  private soft(logits: tf.Tensor2D): tf.Tensor2D {
    return tf.logSoftmax(logits.div(this.temperature));
  }
}

function networkOf(model: tf.LayersModel): LogitsNetwork {
  const network = logitsModel(model);
  return { logits: (images) => network.apply(images, { training: false }) as tf.Tensor2D };
}
