import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { type CalibrationBatch, calibrate } from '../../../quantize/convert/calibrate.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import type { ImageShape } from '../../../quantize/model/tf8_model.ts';
import { compile } from '../../../training/compile/compile.ts';
import { setWeight } from '../../architectures/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { chain, networkOf, predict, someImages } from './support.ts';

const SHAPE: ImageShape = [5, 4, 2];
const l = tf.layers;

const network = () =>
  networkOf(
    SHAPE,
    chain(
      l.conv2d({ name: 'conv', filters: 3, kernelSize: 3, padding: 'same' }),
      l.batchNormalization(),
      l.reLU({ name: 'relu', maxValue: 6 }),
      l.averagePooling2d({ name: 'pool', poolSize: 2, strides: 1 }),
      l.flatten(),
      l.dense({ name: 'logits', units: 4 }),
    ),
  );

const graphOf = (model: tf.LayersModel) => fuseLayersModel(model, { zeroVariance: 'keep' });

async function* batchesOf(...batches: Float32Array[]): AsyncGenerator<CalibrationBatch> {
  for (const images of batches) yield { images, shape: [images.length / 40, ...SHAPE] };
}

/** Three batches whose extremes differ: each is twice the one before. */
const BATCHES = () => [2, 3, 1].map((n, i) => someImages(n, SHAPE, i).map((x) => x * 2 ** i));

describe('calibrate', () => {
  before(needsTensorFlow);

  it("gives each tensor's minimum and maximum over all batches, after its activation", async () => {
    const model = network();
    const batches = BATCHES();
    const { ranges, images } = await calibrate(graphOf(model), batchesOf(...batches));
    assert.equal(images, 6);
    assert.deepEqual([...ranges.keys()], ['image', 'conv', 'pool', 'logits']);
    for (const [name, layer] of [
      ['image', 'image'],
      ['conv', 'relu'],
      ['pool', 'pool'],
      ['logits', 'logits'],
    ] as const) {
      const output = model.getLayer(layer).output as tf.SymbolicTensor;
      const part = tf.model({ inputs: model.inputs, outputs: output });
      const values = batches.flatMap((batch) =>
        layer === 'image' ? [...batch] : [...predict(part, batch, batch.length / 40)],
      );
      const { min, max } = ranges.get(name)!;
      const [expectedMin, expectedMax] = [Math.min(...values), Math.max(...values)];
      const tolerance = 1e-5 * (expectedMax - expectedMin);
      assert.ok(Math.abs(min - expectedMin) <= tolerance, `${name}: ${min}, not ${expectedMin}`);
      assert.ok(Math.abs(max - expectedMax) <= tolerance, `${name}: ${max}, not ${expectedMax}`);
    }
  });

  it('does not depend on how the images are divided into batches', async () => {
    const graph = graphOf(network());
    const batches = BATCHES();
    const all = Float32Array.from(batches.flatMap((batch) => [...batch]));
    const { ranges } = await calibrate(graph, batchesOf(...batches));
    const { ranges: atOnce } = await calibrate(graph, batchesOf(all));
    for (const [name, { min, max }] of ranges) {
      assert.ok(Math.abs(min - atOnce.get(name)!.min) <= 1e-5 * (max - min), name);
      assert.ok(Math.abs(max - atOnce.get(name)!.max) <= 1e-5 * (max - min), name);
    }
  });

  it('finds the same ranges with the network compiled', async () => {
    const graph = graphOf(network());
    const { ranges } = await calibrate(graph, batchesOf(...BATCHES()));
    const { numTensors } = tf.memory();
    const { ranges: compiled } = await calibrate(graph, batchesOf(...BATCHES()), { compile });
    assert.equal(tf.memory().numTensors, numTensors);
    assert.deepEqual([...compiled.keys()], [...ranges.keys()]);
    for (const [name, { min, max }] of ranges) {
      assert.ok(Math.abs(min - compiled.get(name)!.min) <= 1e-5 * (max - min), name);
      assert.ok(Math.abs(max - compiled.get(name)!.max) <= 1e-5 * (max - min), name);
    }
  });

  it('says after each batch how many images are done', async () => {
    const done: number[] = [];
    await calibrate(graphOf(network()), batchesOf(...BATCHES()), {
      onProgress: (images) => done.push(images),
    });
    assert.deepEqual(done, [2, 5, 6]);
  });

  it('refuses no images, with the remedy', async () => {
    await assert.rejects(calibrate(graphOf(network()), batchesOf()), {
      name: 'QuantizationError',
      message: 'Expected at least one calibration image but received none',
      remedy: 'Calibrate with one image or more that can be read.',
    });
  });

  it('refuses images of another shape', async () => {
    async function* batches(): AsyncGenerator<CalibrationBatch> {
      yield { images: new Float32Array(40), shape: [1, 4, 5, 2] };
    }
    await assert.rejects(calibrate(graphOf(network()), batches()), {
      name: 'QuantizationError',
      message: 'Expected images of [5,4,2] for network but received [4,5,2]',
    });
  });

  it('refuses activations that are not finite, naming the tensor', async () => {
    const images = someImages(2, SHAPE);
    images[17] = Number.NaN;
    await assert.rejects(calibrate(graphOf(network()), batchesOf(images)), {
      name: 'QuantizationError',
      message: /Expected finite values in image .* \[NaN, NaN\]/,
    });
    const dense = networkOf(SHAPE, chain(l.flatten(), l.dense({ name: 'logits', units: 1 })));
    setWeight(dense, 'logits/kernel', new Array(40).fill(1e30));
    const large = new Float32Array(40).fill(1e10);
    await assert.rejects(calibrate(graphOf(dense), batchesOf(large)), {
      name: 'QuantizationError',
      message: /Expected finite values in logits .* \[Infinity, Infinity\]/,
      remedy: /check its weights/,
    });
  });

  it('leaves no tensor behind, also when it fails', async () => {
    const graph = graphOf(network());
    const batches = BATCHES();
    const before = tf.memory().numTensors;
    await calibrate(graph, batchesOf(...batches));
    assert.equal(tf.memory().numTensors, before);
    await assert.rejects(calibrate(graph, batchesOf(batches[0].fill(Number.NaN))));
    assert.equal(tf.memory().numTensors, before);
  });
});
