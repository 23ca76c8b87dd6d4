import * as tf from '@tensorflow/tfjs';

interface GeneralReluConfig {
  readonly name: string;
  /** ≥ 0; null where there is none. */
  readonly maxValue: number | null;
  readonly negativeSlope: number;
  /** ≥ 0 */
  readonly threshold: number;
}

/**
 * Keras' ReLU with all of its parameters, which that of TensorFlow.js lacks:
 * min(x, max) above the threshold, slope · (x − threshold) up to it.
 */
export class GeneralRelu extends tf.layers.Layer {
  static readonly className = 'GeneralReLU';
  private readonly maxValue: number | null;
  private readonly negativeSlope: number;
  private readonly threshold: number;

  constructor(config: GeneralReluConfig) {
    super({ name: config.name });
    this.maxValue = config.maxValue;
    this.negativeSlope = config.negativeSlope;
    this.threshold = config.threshold;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x] = Array.isArray(inputs) ? inputs : [inputs];
      const above = this.maxValue === null ? x : tf.minimum(x, this.maxValue);
      const below = tf.mul(tf.sub(x, this.threshold), this.negativeSlope);
      return tf.where(tf.greater(x, this.threshold), above, below);
    });
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return inputShape;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { maxValue, negativeSlope, threshold } = this;
    return { ...super.getConfig(), maxValue, negativeSlope, threshold };
  }
}

tf.serialization.registerClass(GeneralRelu);
