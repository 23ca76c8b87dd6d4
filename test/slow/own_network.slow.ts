import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { enliven } from '../architectures/rearchitect/support.ts';
import { randomizeWeights } from '../architectures/support.ts';
import { type WrittenGroup, writeHdf5 } from '../foundation/hdf5/write_hdf5.ts';
import { runMain } from '../scripts/run_tf8.ts';
import { picture } from '../scripts/support.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

const CLASSES = ['brass', 'copper', 'iron', 'tin', 'zinc'];

/** A depthwise network as somebody might write one: with a residual, and a depthwise layer that two read. */
function ownNetwork(): tf.LayersModel {
  const { layers } = tf;
  const input = tf.input({ shape: [32, 32, 3], name: 'photo' });
  const behind = (name: string, x: tf.SymbolicTensor, maxValue?: number) => {
    const normal = layers.batchNormalization({ name: `${name}/BatchNorm` }).apply(x);
    const bound = maxValue === undefined ? {} : { maxValue };
    return layers.reLU({ name: `${name}_relu`, ...bound }).apply(normal) as tf.SymbolicTensor;
  };
  const conv = (name: string, x: tf.SymbolicTensor, filters: number, kernelSize = 1, strides = 1) =>
    layers
      .conv2d({ name, filters, kernelSize, strides, padding: 'same', useBias: false })
      .apply(x) as tf.SymbolicTensor;
  const depthwise = (name: string, x: tf.SymbolicTensor, strides = 1) =>
    layers
      .depthwiseConv2d({ name, kernelSize: 3, strides, padding: 'same', useBias: false })
      .apply(x) as tf.SymbolicTensor;
  const stem = behind('stem', conv('stem', input, 8, 3, 2), 6);
  const first = behind('pw1', conv('pw1', behind('dw1', depthwise('dw1', stem), 6), 16), 6);
  const second = conv('pw2', behind('dw2', depthwise('dw2', first), 6), 16);
  const sum = layers.add({ name: 'sum' }).apply([first, second]) as tf.SymbolicTensor;
  const third = behind('pw3', conv('pw3', behind('dw3', depthwise('dw3', sum, 2)), 24));
  const mean = layers.globalAveragePooling2d({ name: 'mean', dataFormat: 'channelsLast' });
  const classes = layers.dense({ name: 'metal', units: CLASSES.length, activation: 'softmax' });
  const outputs = classes.apply(mean.apply(third)) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs, name: 'metals' });
  randomizeWeights(model);
  tf.tidy(() => enliven(model, tf.randomUniform([8, 32, 32, 3], -1, 1, 'float32', 3)));
  return model;
}

/** As Keras 2 writes it. */
function kerasFile(model: tf.LayersModel): Uint8Array {
  const config = model.toJSON(null, false);
  const groups = model.layers.map((layer): [string, WrittenGroup] => {
    const weights = layer.weights.map((variable) => {
      const short = variable.originalName.slice(variable.originalName.lastIndexOf('/') + 1);
      const values = variable.read().dataSync<'float32'>();
      return [short, { shape: variable.shape as number[], values }] as const;
    });
    const attributes = { weight_names: weights.map(([short]) => short) };
    return [layer.name.replaceAll('/', '_'), { attributes, children: Object.fromEntries(weights) }];
  });
  return writeHdf5({
    attributes: {
      model_config: JSON.stringify(config).replaceAll('/BatchNorm', '_BatchNorm'),
      keras_version: '2.15.0',
    },
    children: {
      model_weights: {
        attributes: { layer_names: groups.map(([name]) => name) },
        children: Object.fromEntries(groups),
      },
    },
  });
}

describe('a depthwise network of a user’s own', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-own-network-'));
    const model = ownNetwork();
    await writeFile(at('metals.h5'), kerasFile(model));
    model.dispose();
    for (let index = 0; index < 30; index++) {
      const dir = join(at('photos'), CLASSES[index % CLASSES.length]);
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, `${index}.png`), await picture(index));
    }
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  it('becomes a friendly .tflite in three commands', async () => {
    const data = ['--data', at('photos')];
    const rebuilt = await runMain([
      'rearchitect',
      at('metals.h5'),
      ...data,
      ...['--out', at('friendly'), '--images', '20', '--keep', 'dw3'],
      ...['--epochs', '1', '--batch-size', '10', '--limit', '20'],
    ]);
    assert.equal(rebuilt.status, 0, rebuilt.stderr);
    assert.match(rebuilt.stderr, /2 depthwise layers become linear: dw1, dw2/);
    assert.match(rebuilt.stderr, /left alone \(kept, as asked\): dw3/);
    assert.match(rebuilt.stderr, /20 images, \d+ passes, about \d+ s and \d+ MiB/);
    const calibration = ['--calibration-data', at('photos'), '--calibration-images', '10'];
    const quantized = await runMain([
      'quantize',
      at('friendly'),
      ...calibration,
      ...['--out', at('metals.tf8')],
    ]);
    assert.equal(quantized.status, 0, quantized.stderr);
    const exported = await runMain([
      'export',
      at('metals.tf8'),
      ...['--format', 'tflite', '--out', at('metals.tflite')],
    ]);
    assert.equal(exported.status, 0, exported.stderr);
    assert.ok(existsSync(at('metals.tflite')));
    const json = JSON.parse(await readFile(at('friendly/model.json'), 'utf8'));
    const { architecture, classNames, training } = json.userDefinedMetadata.tf8;
    assert.equal(architecture.network, 'other');
    assert.deepEqual(classNames, CLASSES);
    assert.equal(training.steps, 2);
  });
});
