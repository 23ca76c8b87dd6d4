import * as tf from '@tensorflow/tfjs';

/**
 * Class probabilities of a float model: images [N, H, W, 3] float32 in, [N, classes] out. No tensor
 * outlives the call.
 */
export async function predictFloat(
  model: tf.LayersModel,
  images: Float32Array,
  shape: readonly [number, number, number, number],
): Promise<Float32Array> {
  const output = tf.tidy(() => model.predict(tf.tensor4d(images, [...shape])) as tf.Tensor2D);
  try {
    return (await output.data()) as Float32Array;
  } finally {
    output.dispose();
  }
}
