import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../training/backend.ts';
import { floatPredictor, predictFloat } from '../../training/float_predictor.ts';
import { TINY } from '../architectures/support.ts';
import { memoryDataset } from '../support/memory_dataset.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { firstBatch, tinyModel } from './support.ts';

describe('predictFloat', () => {
  before(() => selectBackend());

  it('gives a probability for each class of each image and leaves no tensor', async () => {
    const model = tinyModel();
    const dataset = memoryDataset({ classes: TINY.classes, images: 3 });
    const { images, shape } = await firstBatch(dataset, 3);
    const start = tf.memory().numTensors;
    const probabilities = await predictFloat(model, images, shape);
    assert.equal(tf.memory().numTensors, start);
    assert.equal(probabilities.length, 3 * TINY.classes);
    for (let n = 0; n < 3; n++) {
      const row = probabilities.subarray(n * TINY.classes, (n + 1) * TINY.classes);
      assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
    }
    model.dispose();
  });
});

describe('floatPredictor', () => {
  before(needsTensorFlow);

  it('gives what the layers give, for batches of any size, by the weights it was made with', async () => {
    const model = tinyModel();
    const dataset = memoryDataset({ classes: TINY.classes, images: 3 });
    const start = tf.memory().numTensors;
    const predictor = floatPredictor(model);
    for (const size of [3, 1, 3]) {
      const { images, shape } = await firstBatch(dataset, size);
      const expected = await predictFloat(model, images, shape);
      const received = await predictor.predict(images, shape);
      assert.equal(received.length, expected.length);
      received.forEach((value, index) => {
        assert.ok(Math.abs(value - expected[index]) < 1e-5, `${index}: ${value}`);
      });
    }
    predictor.dispose();
    assert.equal(tf.memory().numTensors, start);
    model.dispose();
  });
});
