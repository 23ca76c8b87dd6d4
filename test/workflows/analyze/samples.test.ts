import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import { softmax } from '../../../quantize/execute/top_classes.ts';
import { takeSamples } from '../../../workflows/analyze/samples.ts';
import { SYMMETRIC } from '../../../workflows/open/model_facts.ts';
import { samplesSchema } from '../../../workflows/records/samples.ts';
import { contextOf, saveTinyModel } from '../../scripts/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';

const CLASSES = 1000;
const SIDE = 32;

describe('takeSamples', () => {
  let folder: string;
  let model: tf.LayersModel;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-samples-'));
    await saveTinyModel(folder, CLASSES + 1);
    ({ model } = await loadModelFolder(folder));
  });

  after(async () => {
    model?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** A TF8 model that takes every image for output 8, then 7, and the others for as unlikely as each other. */
  const take = (dataset = memoryDataset({ classes: CLASSES, images: 6, broken: [0] })) =>
    takeSamples(
      {
        opened: { graph: readLayersModel(model) },
        tf8: {
          input: {
            name: 'input',
            shape: [SIDE, SIDE, 3],
            quantization: { scale: 1, zeroPoint: 0 },
          },
          classNames: dataset.classNames,
          labelOffset: 1,
        },
        input: { shape: [SIDE, SIDE, 3], centralFraction: undefined, range: SYMMETRIC },
        predictTf8: (images) => {
          assert.equal(images.length, SIDE * SIDE * 3);
          const logits = new Float32Array(CLASSES + 1);
          logits.set([20, 30], 7);
          return softmax(logits);
        },
        dataset,
        images: 4,
        seed: 1,
      },
      contextOf(),
    );

  it('lists five classes of either network, by the names of the data set', async () => {
    const { images, selection } = await take();
    assert.ok(images.length >= 3 && images.length <= 4);
    assert.match(
      selection,
      new RegExp(`^the first ${images.length} of synthetic in the order of seed 1`),
    );
    for (const { label, float, tf8 } of images) {
      assert.match(label ?? '', /^class \d$/);
      assert.equal(float.length, 5);
      assert.ok(
        float.every(({ probability }, at) => at === 0 || probability <= float[at - 1].probability),
      );
      assert.deepEqual(
        tf8.slice(0, 2).map(({ name }) => name),
        ['class 7', 'class 6'],
      );
      assert.ok(Math.abs(tf8[0].probability - 1 / (1 + Math.exp(-10))) < 1e-4);
    }
  });

  it('keeps what the network sees as a JPEG, and fits the record', async () => {
    const samples = await take();
    assert.deepEqual(samplesSchema.parse(JSON.parse(JSON.stringify(samples))), samples);
    for (const { jpeg } of samples.images) {
      const { format, width, height } = await sharp(Buffer.from(jpeg, 'base64')).metadata();
      assert.deepEqual([format, width, height], ['jpeg', SIDE, SIDE]);
    }
  });

  it('keeps pictures of outputs that are images, and no classes where there are none', async () => {
    const dataset = memoryDataset({ classes: CLASSES, images: 3 });
    const shape = [SIDE, SIDE, 3] as const;
    const input = { name: 'input', shape, quantization: { scale: 1, zeroPoint: 0 } };
    const options = {
      opened: { graph: readLayersModel(model) },
      tf8: { input, classNames: [], labelOffset: 0 },
      input: { shape, centralFraction: undefined, range: SYMMETRIC },
      dataset,
      images: 2,
      seed: 1,
    };
    const samples = await takeSamples(
      {
        ...options,
        draw: async (image, photograph) => {
          assert.deepEqual(image.shape, [1, SIDE, SIDE, 3]);
          assert.deepEqual([photograph.height, photograph.width], [SIDE, SIDE]);
          const [float, tf8] = ['float', 'TF8'].map((text) => Buffer.from(text));
          return [{ output: 'mask', shape: [2, 2, 1], float, tf8 }];
        },
      },
      contextOf(),
    );
    assert.deepEqual(samplesSchema.parse(JSON.parse(JSON.stringify(samples))), samples);
    for (const { float, tf8, pictures } of samples.images) {
      assert.deepEqual([float, tf8], [[], []]);
      const [{ output, ...pngs }] = pictures!;
      assert.equal(output, 'mask');
      assert.deepEqual(
        Object.values(pngs).map((png) => Buffer.from(png, 'base64').toString()),
        ['float', 'TF8'],
      );
    }
    const none = await takeSamples(options, contextOf());
    assert.deepEqual(none.images, []);
    assert.match(none.selection, /^no images: /);
  });

  it('picks the same images each time', async () => {
    assert.deepEqual(await take(), await take());
  });
});
