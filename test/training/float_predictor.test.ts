import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../training/backend.ts';
import { predictFloat } from '../../training/float_predictor.ts';
import { TINY } from '../architectures/support.ts';
import { memoryDataset } from '../support/memory_dataset.ts';
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
