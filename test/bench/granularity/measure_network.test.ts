import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { FRIENDLY, STANDARD } from '../../../architectures/variants.ts';
import { pickChannels } from '../../../bench/granularity/channels.ts';
import { measureNetwork } from '../../../bench/granularity/measure_network.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { randomizeWeights, TINY } from '../../architectures/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { openedInMemory } from '../../workflows/open/opened_in_memory.ts';
import { killChannel } from '../explain/support.ts';

const context = {
  reporter: SILENT_REPORTER,
  cacheDir: '',
  signal: new AbortController().signal,
};

const LAYER = 'Conv2d_1_depthwise';

const options = {
  name: 'tiny',
  dataset: memoryDataset({ classes: TINY.classes, images: 12 }),
  images: 7,
  calibrations: [4, 12],
  seed: 0,
};

describe('measureNetwork', () => {
  before(needsTensorFlow);

  it('simulates by parts what the executor computes in integers', async () => {
    const model = buildMobileNetV1({ variant: STANDARD, ...TINY });
    randomizeWeights(model);
    killChannel(model, LAYER, 3);
    const { numTensors } = tf.memory();
    const measured = await measureNetwork(
      { ...options, opened: openedInMemory(model, 'tiny') },
      context,
    );
    assert.equal(tf.memory().numTensors, numTensors);
    assert.equal(measured.images, 7);
    assert.ok(measured.linearDepthwiseTop1Percent !== undefined);
    const conversions = measured.integers.map((one) => [one.zeroVariance, one.calibrationImages]);
    assert.deepEqual(conversions, [
      ['keep', 12],
      ['mean', 12],
      ['keep', 4],
      ['mean', 4],
    ]);
    for (const { zeroVariance, calibrationImages, logitsDb } of measured.integers) {
      if (calibrationImages < 12) continue;
      const same = measured.simulated.find(
        (one) =>
          one.zeroVariance === zeroVariance &&
          one.calibrationImages === calibrationImages &&
          one.weights === 'tensor' &&
          one.activations === 'tensor',
      )!;
      assert.ok(Math.abs(same.logitsDb - logitsDb) < 0.3, `${same.logitsDb} ${logitsDb}`);
    }
    const db = (weights: string, activations: string) =>
      measured.simulated.find((one) => one.weights === weights && one.activations === activations)!
        .logitsDb;
    assert.ok(db('channel', 'float') > db('tensor', 'float'));
    assert.ok(db('channel', 'tensor') > db('tensor', 'tensor'));
    model.dispose();
  }).timeout(120_000);

  it('has one conversion of a network without depthwise batch norms, and no clip to take away', async () => {
    const model = buildMobileNetV1({ variant: FRIENDLY, ...TINY });
    randomizeWeights(model);
    const opened = openedInMemory(model, 'tiny');
    const measured = await measureNetwork({ ...options, calibrations: [12], opened }, context);
    assert.deepEqual(
      measured.integers.map(({ zeroVariance }) => zeroVariance),
      ['keep'],
    );
    assert.equal(measured.linearDepthwiseTop1Percent, undefined);
    const dataset = memoryDataset({ classes: TINY.classes + 3, images: 12 });
    await assert.rejects(measureNetwork({ ...options, dataset, opened }, context), {
      name: 'UserError',
      message: /^Expected a network with the \d+ classes of synthetic but tiny has \d+ outputs$/,
    });
    model.dispose();
  }).timeout(120_000);
});

describe('pickChannels', () => {
  before(needsTensorFlow);

  it('takes the widest channel, and the median one of those that live', () => {
    const model = buildMobileNetV1({ variant: STANDARD, ...TINY });
    randomizeWeights(model);
    killChannel(model, LAYER, 3);
    const { layer, min, max, widest, median } = pickChannels(model);
    assert.equal(layer, LAYER);
    assert.equal(widest.channel, 3);
    assert.notEqual(median.channel, 3);
    assert.equal(widest.weights.length, 9);
    assert.ok(Math.min(...widest.weights) >= min && Math.max(...widest.weights) <= max);
    model.dispose();
  });
});
