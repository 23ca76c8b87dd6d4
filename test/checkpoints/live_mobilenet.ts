import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { STANDARD } from '../../architectures/variants.ts';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import { randomizeWeights } from '../architectures/support.ts';

export interface Sizes {
  readonly widthMultiplier: number;
  readonly resolution: number;
  readonly classes: number;
}

/** A standard MobileNetV1 whose output depends on its input, and its weights by slim's names. */
export function liveMobileNet(sizes: Sizes): {
  readonly model: tf.LayersModel;
  readonly tensors: Map<string, WeightTensor>;
} {
  const model = buildMobileNetV1({ ...sizes, variant: STANDARD });
  randomizeWeights(model);
  // Probabilities other than 0 and 1.
  const logits = model.weights.find(({ originalName }) => originalName === 'Conv2d_1c_1x1/kernel')!;
  tf.tidy(() => {
    logits.write(logits.read().mul(0.2));
  });
  const tensors = new Map<string, WeightTensor>();
  for (const variable of model.weights) {
    const name = variable.originalName
      .replace('depthwise_kernel', 'depthwise_weights')
      .replace('/kernel', '/weights')
      .replace('Conv2d_1c_1x1/bias', 'Conv2d_1c_1x1/biases')
      .replace('Conv2d_1c_1x1', 'Logits/Conv2d_1c_1x1');
    const values = variable.read().dataSync<'float32'>().slice();
    tensors.set(`MobilenetV1/${name}`, { shape: variable.shape as number[], values });
  }
  return { model, tensors };
}

/** Two images [side, side, 3], one dark, one bright. */
export function twoImages(side: number): tf.Tensor4D {
  const brightness = tf.tensor4d([-0.7, 0.7], [2, 1, 1, 1]);
  return tf.randomUniform([2, side, side, 3], -0.3, 0.3, 'float32', 7).add(brightness);
}

/** What a model gives for the images; none of it outlives the call. */
export function predictions(model: tf.LayersModel | tf.GraphModel, x: tf.Tensor): Float32Array {
  return tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync<'float32'>().slice());
}
