import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { drawLikeTrained } from '../../../bench/executor/trained_like_weights.ts';

/** Moments of all values about 0. */
function momentsOf(values: ArrayLike<number>): { variance: number; kurtosis: number } {
  const mean = (power: number) =>
    Array.from(values).reduce((sum, value) => sum + value ** power, 0) / values.length;
  return { variance: mean(2), kurtosis: mean(4) / mean(2) ** 2 };
}

describe('drawLikeTrained', () => {
  it('keeps the size of kernels but gives them the tails of trained ones, and leaves vectors', () => {
    const model = tf.sequential();
    const layer = tf.layers.conv2d({
      inputShape: [8, 8, 16],
      filters: 64,
      kernelSize: 3,
      kernelInitializer: tf.initializers.truncatedNormal({ stddev: 0.3, seed: 7 }),
      biasInitializer: 'ones',
    });
    model.add(layer);
    const before = momentsOf(layer.getWeights()[0].dataSync());
    drawLikeTrained(model, 0);
    const [kernel, bias] = layer.getWeights().map((weight) => weight.dataSync());
    const after = momentsOf(kernel);
    assert.ok(Math.abs(after.variance / before.variance - 1) < 0.1, `${after.variance}`);
    // Laplace's is 6, the truncated normal's about 2.
    assert.ok(before.kurtosis < 2.5 && after.kurtosis > 5, `${before.kurtosis} ${after.kurtosis}`);
    assert.deepEqual(new Set(bias), new Set([1]));
    model.dispose();
  });
});
