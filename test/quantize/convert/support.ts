import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import type { ImageShape } from '../../../quantize/model/tf8_model.ts';
import { randomizeWeights } from '../../architectures/support.ts';

export type Layers = (x: tf.SymbolicTensor) => tf.SymbolicTensor;

/** A functional model of one input with made-up weights, the same at every call. */
export function networkOf(shape: ImageShape, layers: Layers): tf.LayersModel {
  const input = tf.input({ shape: [...shape], name: 'image' });
  const model = tf.model({ inputs: input, outputs: layers(input), name: 'network' });
  randomizeWeights(model);
  return model;
}

/** Applies layers one after the other. */
export function chain(...layers: tf.layers.Layer[]): Layers {
  return (x) => layers.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x);
}

/** [n, ...shape] float32 in [−1, 1). */
export function someImages(n: number, shape: readonly number[], seed = 7): Float32Array {
  return tf.tidy(() =>
    tf
      .randomUniform([n, ...shape], -1, 1, 'float32', seed)
      .dataSync<'float32'>()
      .slice(),
  );
}

/** What the model itself says of images [n, ...shape]. */
export function predict(model: tf.LayersModel, images: Float32Array, n: number): Float32Array {
  const shape = model.inputs[0].shape.slice(1) as number[];
  return tf.tidy(() =>
    (model.predict(tf.tensor(images, [n, ...shape])) as tf.Tensor).dataSync<'float32'>().slice(),
  );
}

/** The same up to single-precision rounding of sums in another order. */
function assertClose(received: Float32Array, expected: Float32Array): void {
  assert.equal(received.length, expected.length);
  const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert.ok(size > 0, 'the expected values are all 0');
  const worst = expected.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - received[index])),
    0,
  );
  assert.ok(worst <= 1e-5 * size, `differs by ${worst} at values up to ${size}`);
}

/** Fails unless the fused network of `model` computes what `logits`, the model itself, does. */
export function assertFusedEquals(model: tf.LayersModel, logits = model): void {
  const graph = fuseLayersModel(model, { zeroVariance: 'keep' });
  const images = someImages(2, graph.input.shape);
  const runner = new FloatRunner(graph);
  try {
    const [outputs] = runner.outputs(images, [2, ...graph.input.shape]);
    assertClose(outputs, predict(logits, images, 2));
  } finally {
    runner.dispose();
  }
}
