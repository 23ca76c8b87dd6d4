import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { STANDARD } from '../../../architectures/variants.ts';
import { measurePhotographs } from '../../../bench/explain/photographs.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { randomizeWeights, TINY } from '../../architectures/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { openedInMemory } from '../../workflows/open/opened_in_memory.ts';
import { killChannel } from './support.ts';

const context = {
  reporter: SILENT_REPORTER,
  cacheDir: '',
  signal: new AbortController().signal,
};

describe('measurePhotographs', () => {
  before(needsTensorFlow);

  it('compares every layer on the images, and counts what ReLU6 clips', async () => {
    const model = buildMobileNetV1({ variant: STANDARD, ...TINY });
    randomizeWeights(model);
    killChannel(model, 'Conv2d_1_depthwise', 3);
    const { numTensors } = tf.memory();
    const measured = await measurePhotographs(
      openedInMemory(model, 'tiny'),
      memoryDataset({ classes: TINY.classes, images: 12 }),
      { images: 3, limit: 8, seed: 0 },
      context,
    );
    assert.equal(tf.memory().numTensors, numTensors);
    assert.equal(measured.accuracy.images, 8);
    assert.equal(measured.images, 3);
    assert.equal(measured.calibrationImages, 12);
    assert.deepEqual(
      [measured.dead, measured.deadWithInput],
      [1, 1],
      'the channel before it is not dead in truth',
    );
    assert.equal(measured.layers.length, 28);
    const [first] = measured.layers;
    assert.equal(first.layer, 'Conv2d_0');
    assert.equal(first.asPublishedDb, first.option1Db);
    assert.ok(first.asPublishedDb > 20 && first.asPublishedDb < 60, `${first.asPublishedDb}`);
    assert.equal(measured.relu6.length, 27);
    const clipped = measured.relu6.find(({ layer }) => layer === 'Conv2d_1_depthwise')!;
    assert.ok(clipped.depthwise && clipped.max > 6);
    assert.ok(clipped.clippedShare > 0 && clipped.clippedShare < 0.5);
    assert.ok(clipped.clippedEnergy > clipped.clippedShare && clipped.clippedEnergy < 1);
    model.dispose();
  }).timeout(30_000);
});
