import * as tf from '@tensorflow/tfjs';

interface BilinearUpSampling2dConfig {
  readonly name: string;
  /** Times that rows and columns become more. */
  readonly size: readonly [number, number];
}

/**
 * Keras' UpSampling2D between values: place i of the output reads place (i + ½) / size − ½ of the input, where
 * that of TensorFlow.js reads i / size.
 */
export class BilinearUpSampling2d extends tf.layers.Layer {
  static readonly className = 'BilinearUpSampling2D';
  private readonly size: readonly [number, number];

  constructor({ name, size }: BilinearUpSampling2dConfig) {
    super({ name });
    this.size = size;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x] = (Array.isArray(inputs) ? inputs : [inputs]) as tf.Tensor4D[];
    const [, height, width] = this.computeOutputShape(x.shape) as number[];
    return tf.image.resizeBilinear(x, [height, width], false, true);
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as tf.Shape;
    const [batch, height, width, channels] = shape;
    return [batch, height! * this.size[0], width! * this.size[1], channels];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), size: [...this.size] };
  }
}

tf.serialization.registerClass(BilinearUpSampling2d);
