import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { batchNormOf } from '../../architectures/conv_layer.ts';
import { readValues } from '../../architectures/graph/read_values.ts';
import { measureBatchNorms } from '../../architectures/measure_batch_norms.ts';
import { buildNetwork, networkConfig } from '../../architectures/network.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { selectBackend } from '../../training/backend.ts';
import { randomizeBatchNorms } from './support.ts';

const SHAPE = [3, 32, 32, 3] as const;
const CONFIG = networkConfig('mobilenet_v2', STANDARD, {
  widthMultiplier: 0.1,
  resolution: 32,
  classes: 4,
});

async function* batchesOf(parts: readonly Float32Array[]) {
  for (const images of parts) yield { images, shape: SHAPE };
}

function someImages(seed: number): Float32Array {
  return readValues(() => [tf.randomUniform([...SHAPE], -1, 1, 'float32', seed)])[0];
}

function outputsOf(model: tf.LayersModel, images: Float32Array): Float32Array {
  return readValues(() => [model.predict(tf.tensor4d(images, [...SHAPE])) as tf.Tensor])[0];
}

describe('measureBatchNorms', () => {
  let model: tf.LayersModel;
  let names: string[];

  before(async () => {
    await selectBackend();
  });

  beforeEach(() => {
    model = buildNetwork(CONFIG, { seed: 2 });
    randomizeBatchNorms(model);
    names = model.layers.map(({ name }) => name).filter((name) => name.endsWith('/BatchNorm'));
  });

  afterEach(() => {
    model.dispose();
  });

  it('leaves the network the function that it is', async () => {
    const images = someImages(1);
    const expected = outputsOf(model, images);
    await measureBatchNorms(model, names, batchesOf([someImages(2), someImages(3)]));
    outputsOf(model, images).forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]) < 1e-4, `${i}: ${value}, ${expected[i]}`);
    });
  });

  it('takes mean and variance over all images, whatever the batches', async () => {
    const parts = [someImages(2), someImages(3)];
    await measureBatchNorms(model, names, batchesOf(parts));
    const first = batchNormOf('Conv');
    const layer = model.getLayer(first);
    const [, , mean, variance] = layer.getWeights();
    const read = tf.model({ inputs: model.inputs, outputs: layer.input as tf.SymbolicTensor });
    tf.tidy(() => {
      const both = tf.tensor4d([...parts[0], ...parts[1]], [6, 32, 32, 3]);
      const moments = tf.moments(read.predict(both) as tf.Tensor, [0, 1, 2]);
      tf.test_util.expectArraysClose(mean.dataSync(), moments.mean.dataSync(), 1e-5);
      tf.test_util.expectArraysClose(variance.dataSync(), moments.variance.dataSync(), 1e-5);
    });
  });

  it('changes no batch norm that is not named, and none without images', async () => {
    const before = model.getWeights().map((weight) => weight.dataSync().slice());
    await measureBatchNorms(model, names, batchesOf([]));
    await measureBatchNorms(model, [], batchesOf([someImages(2)]));
    assert.deepEqual(
      model.getWeights().map((weight) => weight.dataSync().slice()),
      before,
    );
  });
});
