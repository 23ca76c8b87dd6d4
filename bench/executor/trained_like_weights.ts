import * as tf from '@tensorflow/tfjs';
import { deriveSeed } from '../../foundation/hashes/derive_seed.ts';

/**
 * Draws the kernels of a network again, from Laplace's distribution with the σ that they have: most weights
 * are small and few are large, as those of trained networks. How long our AVX2 kernels take depends on it,
 * since sums of products of small weights need fewer instructions to stay exact. In bytes, of which the
 * largest weight has 127, σ is 11 to 31 in the layers of the published EfficientNet-Lite0, 12 to 30 of
 * Laplace's distribution, and 56 of the truncated normal distribution that training begins with.
 */
export function drawLikeTrained(model: tf.LayersModel, seed: number): void {
  for (const [index, layer] of model.layers.entries()) {
    const weights = layer.getWeights();
    if (!weights.some(({ rank }) => rank > 1)) continue;
    tf.tidy(() => {
      layer.setWeights(
        weights.map((weight) =>
          weight.rank > 1 ? laplaceLike(weight, deriveSeed(seed, 'kernel', index)) : weight,
        ),
      );
    });
  }
}

/** b · sign(u) · ln(1 − 2 |u|) of uniform u in (−½, ½), b = σ / √2: the sign does not matter. */
function laplaceLike(weight: tf.Tensor, seed: number): tf.Tensor {
  const { variance } = tf.moments(weight);
  const u = tf.randomUniform(weight.shape, -0.5, 0.5, 'float32', seed);
  const least = 2 ** -24; // the logarithm of 0 is none
  const distances = tf.log(tf.maximum(tf.sub(1, tf.mul(2, tf.abs(u))), least));
  return tf.mul(tf.mul(tf.sign(u), distances), tf.sqrt(tf.div(variance, 2)));
}
