import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { NO_DEPTHWISE_BN, RELU, type Variant } from '../../architectures/variants.ts';
import { compareActivations } from '../../bench/figures/activations.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import type { OpenedFloatModel } from '../../workflows/open/open_model.ts';
import { randomizeWeights, TINY } from '../architectures/support.ts';
import { memoryDataset } from '../support/memory_dataset.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { openedInMemory } from '../workflows/open/opened_in_memory.ts';

const context = {
  reporter: SILENT_REPORTER,
  cacheDir: '',
  signal: new AbortController().signal,
};
const IMAGES_PER_CLASS = 2;
const dataset = memoryDataset({ classes: TINY.classes, images: 3 * TINY.classes });

describe('compareActivations', () => {
  before(needsTensorFlow);

  function tiny(variant: Variant): OpenedFloatModel {
    const model = buildMobileNetV1({ variant, ...TINY });
    randomizeWeights(model);
    return openedInMemory(model, variant.name);
  }

  it('has every layer with weights of both networks, on as many images of each class', async () => {
    const [relu6, relu] = [tiny(NO_DEPTHWISE_BN), tiny(RELU)];
    const { numTensors } = tf.memory();
    const options = { relu6, relu, dataset, imagesPerClass: IMAGES_PER_CLASS, seed: 0 };
    const measured = await compareActivations(options, context);
    assert.equal(tf.memory().numTensors, numTensors);
    assert.equal(measured.images, IMAGES_PER_CLASS * TINY.classes);
    for (const { layers } of [measured.relu6, measured.relu]) {
      assert.equal(layers.length, 28);
      assert.deepEqual(
        [layers[0].layer, layers[2].layer, layers.at(-1)!.layer],
        ['Conv2d_0', 'Conv2d_1_pointwise', 'Conv2d_1c_1x1'],
      );
      assert.ok(layers.every(({ cumulativeDb, weightsDb }) => cumulativeDb < weightsDb + 3));
    }
    const clipped = measured.relu6.layers.filter((layer) => layer.clipped);
    assert.equal(clipped.length, 14, 'the first layer and the pointwise ones');
    assert.ok(measured.relu.layers.every((layer) => layer.clipped === undefined));

    await assert.rejects(compareActivations({ ...options, relu6: relu }, context), {
      name: 'UserError',
      message: /^Expected two networks of the same layers, with ReLU6 and with ReLU, but received /,
    });
    await assert.rejects(compareActivations({ ...options, imagesPerClass: 4 }, context), {
      name: 'UserError',
      message: /^Expected 4 test images of each class of synthetic but it has \d+ of \d+$/,
    });
    for (const opened of [relu6, relu]) opened.dispose();
  }).timeout(60_000);
});
