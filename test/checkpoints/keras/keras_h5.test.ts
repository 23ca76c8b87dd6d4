import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { layersOf, type NetworkConfig } from '../../../architectures/network.ts';
import { convolutionsOf } from '../../../architectures/network_layers.ts';
import { STANDARD } from '../../../architectures/variants.ts';
import { readKerasH5 } from '../../../checkpoints/keras/keras_h5.ts';
import type { KerasFileModel } from '../../../checkpoints/keras/keras_model.ts';
import {
  type WrittenData,
  type WrittenGroup,
  writeHdf5,
} from '../../foundation/hdf5/write_hdf5.ts';
import { predictions } from '../live_mobilenet.ts';
import { someValues } from '../support.ts';

type Json = Record<string, unknown>;

function tensor(shape: readonly number[], seed = 1): WrittenData {
  return {
    shape,
    values: someValues(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  };
}

/** A layer's group, its weights in this order. */
function layerGroup(weights: Readonly<Record<string, WrittenData>>): WrittenGroup {
  const children: Record<string, WrittenGroup | WrittenData> = {};
  for (const [name, data] of Object.entries(weights)) {
    const [scope, weight] = name.split('/');
    if (weight === undefined) children[scope] = data;
    else {
      const { children: inner = {} } = (children[scope] ?? {}) as WrittenGroup;
      children[scope] = { children: { ...inner, [weight]: data } };
    }
  }
  return { attributes: { weight_names: Object.keys(weights) }, children };
}

function file(config: unknown, layers: Readonly<Record<string, WrittenGroup>>, version = '2.15.0') {
  return writeHdf5({
    attributes: { model_config: JSON.stringify(config), keras_version: version },
    children: {
      model_weights: { attributes: { layer_names: Object.keys(layers) }, children: layers },
    },
  });
}

const INPUT = { batch_input_shape: [null, 4, 4, 3], dtype: 'float32' };

function sequential(...layers: readonly (readonly [string, Json])[]) {
  return {
    class_name: 'Sequential',
    config: {
      name: 'net',
      layers: layers.map(([className, config]) => ({ class_name: className, config })),
    },
  };
}

const CONV: readonly [string, Json] = [
  'Conv2D',
  { name: 'conv', filters: 2, kernel_size: [1, 1], ...INPUT },
];
const POOL: readonly [string, Json] = ['GlobalAveragePooling2D', { name: 'pool' }];

/** What the model makes of an image of ones. */
function ofOnes({ model }: KerasFileModel): number[] {
  const ones = tf.ones([1, ...(model.inputs[0].shape.slice(1) as number[])]);
  const received = predictions(model, ones);
  ones.dispose();
  model.dispose();
  return [...received];
}

function near(received: readonly number[], expected: readonly number[]): void {
  assert.equal(received.length, expected.length);
  expected.forEach((value, index) => {
    assert.ok(Math.abs(value - received[index]) < 1e-5, `${received} is not ${expected}`);
  });
}

describe('readKerasH5', () => {
  it('takes the weights of a layer in their order, whatever they are called', async () => {
    const kernel: WrittenData = { shape: [1, 1, 3, 2], values: Float32Array.of(1, 2, 3, 4, 5, 6) };
    const bias: WrittenData = { shape: [2], values: Float32Array.of(10, 20) };
    const bytes = file(sequential(CONV, POOL), {
      conv: layerGroup({ 'before/kernel:0': kernel, 'before/bias:0': bias }),
      pool: layerGroup({}),
    });
    near(ofOnes(await readKerasH5(bytes, 'm.h5')), [19, 32]);
  });

  it('reads what Keras 1 wrote', async () => {
    const kernel: WrittenData = { shape: [1, 1, 3, 2], values: Float32Array.of(1, 2, 3, 4, 5, 6) };
    const config = {
      class_name: 'Sequential',
      config: [
        {
          class_name: 'Convolution2D',
          config: {
            name: 'convolution2d_1',
            trainable: true,
            batch_input_shape: [null, 4, 4, 3],
            input_dtype: 'float32',
            nb_filter: 2,
            nb_row: 1,
            nb_col: 1,
            init: 'glorot_uniform',
            activation: 'relu',
            border_mode: 'same',
            subsample: [2, 2],
            dim_ordering: 'tf',
            bias: false,
            W_regularizer: null,
            b_regularizer: null,
            W_constraint: null,
            b_constraint: null,
            activity_regularizer: null,
          },
        },
        {
          class_name: 'MaxPooling2D',
          config: {
            name: 'maxpooling2d_1',
            trainable: true,
            pool_size: [2, 2],
            strides: [2, 2],
            border_mode: 'valid',
            dim_ordering: 'tf',
          },
        },
        { class_name: 'Dropout', config: { name: 'dropout_1', trainable: true, p: 0.5 } },
        { class_name: 'Flatten', config: { name: 'flatten_1', trainable: true } },
        {
          class_name: 'Dense',
          config: {
            name: 'dense_1',
            trainable: true,
            output_dim: 1,
            init: 'glorot_uniform',
            activation: 'linear',
            bias: true,
            input_dim: null,
            W_regularizer: null,
          },
        },
      ],
    };
    const layers = {
      convolution2d_1: layerGroup({ 'convolution2d_1_W:0': kernel }),
      dense_1: layerGroup({
        'dense_1_W:0': { shape: [2, 1], values: Float32Array.of(1, 10) },
        'dense_1_b:0': { shape: [1], values: Float32Array.of(0.5) },
      }),
    };
    near(ofOnes(await readKerasH5(file(config, layers, '1.2.2'), 'old.h5')), [129.5]);
  });

  it('finds the network that weights alone are of by their shapes', async () => {
    const config: NetworkConfig = {
      network: 'mobilenet_v1',
      variant: STANDARD,
      widthMultiplier: 0.25,
      resolution: 224,
      classes: 7,
    };
    const layers: Record<string, WrittenGroup> = {};
    for (const [index, { name, kind, kernel, inputShape, outputShape }] of convolutionsOf(
      layersOf(config),
    ).entries()) {
      const [inputs, outputs] = [inputShape[2], outputShape[2]];
      const keras = `layer_${index}_${kind}`;
      if (kind === 'logits') {
        const weights = { [`${keras}/kernel:0`]: tensor([1, 1, inputs, outputs], 3) };
        layers[keras] = layerGroup({ ...weights, [`${keras}/bias:0`]: tensor([outputs]) });
        continue;
      }
      const depth = kind === 'depthwise' ? 1 : outputs;
      layers[keras] = layerGroup({ [`${keras}/k:0`]: tensor([...kernel, inputs, depth], index) });
      const ones = { shape: [outputs], values: new Float32Array(outputs).fill(1) };
      layers[`${name}_bn`.replaceAll('/', '_')] = layerGroup({
        'bn/gamma:0': tensor([outputs], index),
        'bn/beta:0': ones,
        'bn/moving_mean:0': ones,
        'bn/moving_variance:0': ones,
      });
    }
    const bytes = writeHdf5({ attributes: { layer_names: Object.keys(layers) }, children: layers });
    const { model, config: found, notes } = await readKerasH5(bytes, 'weights.h5');
    assert.deepEqual(found, config);
    assert.match(notes.join(), /those of a mobilenet_v1 of width 0\.25/);
    const [first] = model.getLayer('Conv2d_0').getWeights();
    assert.deepEqual([...first.dataSync()], [...someValues(first.size, 0)]);
    model.dispose();
  });

  it('says of other weights alone how they become a model', async () => {
    const layers = { dense: layerGroup({ 'dense/kernel:0': tensor([3, 2]) }) };
    const bytes = writeHdf5({ attributes: { layer_names: ['dense'] }, children: layers });
    await assert.rejects(readKerasH5(bytes, 'w.h5'), (error: Error & { remedy?: string }) => {
      assert.match(
        error.message,
        /w\.h5 holds the weights alone of 1 other layers .*\(no_top\): dense$/,
      );
      assert.match(error.remedy!, /model\.save\("model\.keras"\)/);
      return true;
    });
  });

  const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
    [
      'a lambda layer',
      file(sequential(CONV, ['Lambda', { name: 'mine', function: ['4wEA', null, null] }]), {}),
      /^TF8 does not support mine \(Lambda\) of m\.h5: its function is code in Python/,
    ],
    [
      'an LSTM',
      file(sequential(CONV, ['LSTM', { name: 'lstm', units: 2 }]), {}),
      /^TF8 does not support lstm \(LSTM\) of m\.h5: it reads sequences/,
    ],
    [
      'a class of its own',
      file(sequential(CONV, ['MyLayer', { name: 'mine' }]), {}),
      /^TF8 does not support mine \(MyLayer\) of m\.h5/,
    ],
    [
      'a weight that is not there',
      file(sequential(CONV, POOL), {
        conv: layerGroup({ 'conv/kernel:0': tensor([1, 1, 3, 2]) }),
      }),
      /^Expected a network that tfjs can build from m\.h5 but: .*conv\/bias/s,
    ],
    [
      'weights that are listed and not there',
      file(sequential(CONV, POOL), { conv: { attributes: { weight_names: ['conv/kernel:0'] } } }),
      /m\.h5 is damaged: the layer conv lists the weight conv\/kernel:0 and has none/,
    ],
    [
      "another program's HDF5",
      writeHdf5({ children: { data: tensor([2]) } }),
      /m\.h5 is damaged: it is an HDF5 file of another program/,
    ],
    [
      'a topology that is no JSON',
      writeHdf5({ attributes: { model_config: '{' } }),
      /m\.h5 is damaged: its model_config is no JSON/,
    ],
    [
      'a model without weights',
      writeHdf5({ attributes: { model_config: JSON.stringify(sequential(CONV)) } }),
      /m\.h5 is damaged: it has no group "model_weights"/,
    ],
  ];
  for (const [title, bytes, message] of refused) {
    it(`refuses ${title} by name`, async () => {
      await assert.rejects(readKerasH5(bytes, 'm.h5'), { name: 'UserError', message });
    });
  }
});
