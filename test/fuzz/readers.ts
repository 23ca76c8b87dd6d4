/** Every reader of bytes from outside, with a corpus of small sound files to mutate. */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { create as createTar } from 'tar';
import { readFrozenGraph } from '../../checkpoints/graph_def/frozen_graph.ts';
import { readConstants } from '../../checkpoints/graph_def/graph_def.ts';
import { readSavedModel } from '../../checkpoints/graph_def/saved_model.ts';
import { readKerasH5 } from '../../checkpoints/keras/keras_h5.ts';
import { loadKerasZip } from '../../checkpoints/keras/keras_zip.ts';
import { loadModelFolder } from '../../checkpoints/store/model_store.ts';
import { readCheckpointV1 } from '../../checkpoints/tensor_bundle/checkpoint_v1.ts';
import { readCheckpointV2 } from '../../checkpoints/tensor_bundle/checkpoint_v2.ts';
import { tableEntries } from '../../checkpoints/tensor_bundle/sorted_table.ts';
import type { Checkpoint } from '../../checkpoints/tensor_bundle/variables.ts';
import { readTflite } from '../../checkpoints/tflite/read_tflite.ts';
import {
  readSafetensors,
  writeSafetensors,
} from '../../checkpoints/training_checkpoint/safetensors.ts';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import { readImageTar } from '../../datasets/cifar10/cifar10_tar.ts';
import { parseIdx } from '../../datasets/fashion_mnist/idx.ts';
import { parseExample } from '../../datasets/tfrecord/example.ts';
import { readRecordFile } from '../../datasets/tfrecord/record_file.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { exportFormat, readExport } from '../../quantize/export/formats.ts';
import { decodeTf8, encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { GraphFixture } from '../checkpoints/graph_def/network/graph_fixture.ts';
import { savePublishedStyle } from '../checkpoints/keras_mobilenet.ts';
import { fixtureFile } from '../checkpoints/keras_networks.ts';
import { onnxBytes } from '../checkpoints/onnx/onnx_networks.ts';
import { readOnnxBytes } from '../checkpoints/onnx/read_onnx_bytes.ts';
import { someValues } from '../checkpoints/support.ts';
import { bundle, type Entry, table, versionOne } from '../checkpoints/tensor_bundle/write_table.ts';
import { broken, frame, imageExample } from '../datasets/tfrecord/support.ts';
import { writeHdf5 } from '../foundation/hdf5/write_hdf5.ts';
import { sourceOf } from '../quantize/export/support.ts';
import { buildModel } from '../quantize/model/random_models.ts';
import { memorySource } from '../support/memory_source.ts';

const PYTHON_SAFETENSORS = join(
  import.meta.dirname,
  '../checkpoints/training_checkpoint/fixtures/python.safetensors',
);

export interface FuzzedReader {
  readonly name: string;
  /** Each of them is read without an error. */
  readonly corpus: readonly Uint8Array[];
  readonly read: (bytes: Uint8Array) => Promise<unknown>;
}

const TENSORS: ReadonlyMap<string, WeightTensor> = new Map([
  ['MobilenetV1/Conv2d_0/weights', { shape: [1, 1, 3, 4], values: someValues(12, 1) }],
  ['MobilenetV1/Conv2d_0/BatchNorm/beta', { shape: [4], values: someValues(4, 2) }],
]);

/** The smallest model that Keras could have saved. */
const KERAS_H5 = writeHdf5({
  attributes: {
    model_config: JSON.stringify({
      class_name: 'Sequential',
      config: {
        name: 'net',
        layers: [
          {
            class_name: 'Dense',
            config: { name: 'dense', units: 2, batch_input_shape: [null, 4, 4, 3] },
          },
          { class_name: 'GlobalAveragePooling2D', config: { name: 'pool' } },
        ],
      },
    }),
  },
  children: {
    model_weights: {
      attributes: { layer_names: ['dense', 'pool'] },
      children: {
        dense: {
          attributes: { weight_names: ['kernel:0', 'bias:0'] },
          children: {
            'kernel:0': { shape: [3, 2], values: someValues(6, 1) },
            'bias:0': { shape: [2], values: someValues(2, 2) },
          },
        },
        pool: {},
      },
    },
  },
});

/** The smallest classifier with an operation of each kind. */
function smallGraph(): GraphFixture {
  const graph = new GraphFixture();
  const kernel = graph.floats('kernel', [1, 1, 3, 4], someValues(12, 1));
  const x = graph.conv('conv', graph.input([-1, 4, 4, 3]), kernel, 1);
  const sum = graph.add('sum', 'AddV2', [
    graph.floats('variance', [4], someValues(4, 3)),
    graph.floats('epsilon', [], [0.001]),
  ]);
  const scale = graph.add('scale', 'Rsqrt', [sum]);
  const product = graph.add('product', 'Mul', [x, scale]);
  const shift = graph.add('shift', 'Sub', [
    graph.floats('beta', [4], someValues(4, 4)),
    graph.add('scaled', 'Mul', [graph.floats('moving_mean', [4], someValues(4, 5)), scale]),
  ]);
  const relu = graph.add('relu', 'Relu6', [graph.add('norm', 'AddV2', [product, shift])]);
  const mean = graph.add('mean', 'Mean', [relu, graph.integers('axes', [1, 2])], {
    keep_dims: { b: true },
  });
  const flat = graph.add('flat', 'Reshape', [mean, graph.integers('shape', [-1, 4])]);
  graph.add('softmax', 'Softmax', [flat]);
  return graph;
}

async function consume(checkpoint: Checkpoint): Promise<void> {
  await checkpoint.read(checkpoint.variables.keys());
}

async function disposed(loaded: Promise<{ readonly model: tf.LayersModel }>): Promise<void> {
  (await loaded).model.dispose();
}

/** The TF8 file with the SHA-256 of what it holds, so that damage gets beyond the check of it. */
function sealed(file: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(file);
  if (bytes.length < 40) return bytes;
  bytes.set(createHash('sha256').update(bytes.subarray(40)).digest(), 8);
  return bytes;
}

/**
 * Makes the readers.
 * @param folder for those that read from disk
 */
export async function fuzzedReaders(folder: string): Promise<FuzzedReader[]> {
  const at = (name: string) => join(folder, name);
  const graph = smallGraph();
  const frozen = graph.frozen();
  const savedModel = graph.savedModel('softmax');
  const one = bundle(TENSORS);
  const list = versionOne(TENSORS);
  const model = smallTf8Model();
  const tf8 = await encodeTf8(model);
  const hashed = await open(at('sound.safetensors'), 'w');
  await writeSafetensors(hashed, TENSORS, new Map());
  await hashed.close();
  const records = Buffer.concat([1, 2].map((label) => frame(imageExample(label, 'image', 'n01'))));
  const viaFile =
    (name: string, read: (path: string) => Promise<unknown>) => async (bytes: Uint8Array) => {
      await writeFile(at(name), bytes);
      await read(at(name));
    };
  const readV2 = (index: Uint8Array, data: Uint8Array) =>
    readCheckpointV2(memorySource(index, 'index'), async () => memorySource(data, 'data'));
  return [
    {
      name: 'GraphDef',
      corpus: [frozen],
      read: (bytes) => readFrozenGraph(bytes, 'g.pb'),
    },
    {
      name: "GraphDef's constants",
      corpus: [frozen],
      read: async (bytes) => readConstants(bytes, 'g.pb'),
    },
    {
      name: 'SavedModel',
      corpus: [savedModel],
      read: (bytes) => readSavedModel(bytes, 's.pb', () => readV2(one.index, one.data)),
    },
    ...(await tfjsReaders(folder, graph)),
    {
      name: 'checkpoint V1',
      corpus: [list],
      read: async (bytes) => consume(await readCheckpointV1(async () => memorySource(bytes, 'v1'))),
    },
    {
      name: 'checkpoint V1, CRCs made good',
      corpus: await valuesOf(list),
      read: async (bytes) =>
        consume(
          await readCheckpointV1(async () =>
            memorySource(
              table([
                ['', bytes],
                ['a', bytes],
              ]),
              'v1',
            ),
          ),
        ),
    },
    {
      name: 'checkpoint V2, index',
      corpus: [one.index],
      read: async (bytes) => consume(await readV2(bytes, one.data)),
    },
    {
      name: 'checkpoint V2, CRCs made good',
      corpus: await valuesOf(one.index),
      read: async (bytes) => {
        const header = Uint8Array.of(8, 1);
        await consume(
          await readV2(
            table([
              ['', header],
              ['a', bytes],
            ]),
            one.data,
          ),
        );
        await consume(await readV2(table([['', bytes]]), one.data));
      },
    },
    {
      name: 'checkpoint V2, data',
      corpus: [one.data],
      read: async (bytes) => consume(await readV2(one.index, bytes)),
    },
    { name: 'TF8', corpus: [tf8], read: (bytes) => decodeTf8(bytes, 'm.tf8') },
    {
      name: 'TF8, SHA-256 made good',
      corpus: [tf8],
      read: (bytes) => decodeTf8(sealed(bytes), 'm.tf8'),
    },
    ...(await exportReaders(model)),
    {
      name: 'TensorFlow Lite',
      corpus: [exportFormat('tflite').encode(await sourceOf(model))[0].bytes],
      read: async (bytes) => readTflite(bytes, 'm.tflite'),
    },
    {
      name: 'ONNX',
      corpus: ['mobilenet', 'flattened', 'parts'].map(onnxBytes),
      read: async (bytes) => readOnnxBytes(bytes, 'm.onnx'),
    },
    {
      name: 'Keras HDF5',
      corpus: [KERAS_H5],
      read: (bytes) => disposed(readKerasH5(bytes, 'm.h5')),
    },
    {
      name: '.keras',
      corpus: [await fixtureFile('keras_3/deep', 'model.keras')],
      read: viaFile('fuzzed.keras', (path) => disposed(loadKerasZip(path))),
    },
    {
      name: 'safetensors',
      // The library's has no hash, which damage would not get beyond.
      corpus: [await readFile(at('sound.safetensors')), await readFile(PYTHON_SAFETENSORS)],
      read: viaFile('fuzzed.safetensors', readSafetensors),
    },
    {
      name: 'TFRecord',
      corpus: [records],
      read: viaFile('fuzzed.tfrecord', async (path) => {
        for await (const { payload } of readRecordFile(path)) parseExample(payload, broken);
      }),
    },
    {
      name: 'tf.train.Example',
      corpus: [imageExample(1, 'image', 'n01')],
      read: async (bytes) => parseExample(bytes, broken),
    },
    {
      name: 'IDX',
      corpus: [Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4)],
      read: async (bytes) => parseIdx(bytes, 3, 'images.idx'),
    },
    {
      name: "CIFAR-10's tar",
      corpus: [await imageTar(folder)],
      read: viaFile('fuzzed.tar', (path) =>
        readImageTar(path, { split: 'test', classNames: ['cat'], reporter: SILENT_REPORTER }),
      ),
    },
  ];
}

async function tfjsReaders(folder: string, graph: GraphFixture): Promise<FuzzedReader[]> {
  const layers = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 1, inputShape: [4, 4, 3] }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  await savePublishedStyle(layers, join(folder, 'layers'));
  layers.dispose();
  const input = tf.input({ shape: [4, 4, 3], name: 'input' });
  const pair = ['left', 'right'].map(
    (name) =>
      tf.layers.conv2d({ name, filters: 2, kernelSize: 1 }).apply(input) as tf.SymbolicTensor,
  );
  const sum = tf.layers.add({ name: 'sum' }).apply(pair) as tf.SymbolicTensor;
  const functional = tf.model({ inputs: input, outputs: sum });
  await savePublishedStyle(functional, join(folder, 'functional'));
  functional.dispose();
  const { json, weights } = graph.graphModel();
  await mkdir(join(folder, 'graph'));
  await writeFile(join(folder, 'graph/model.json'), JSON.stringify(json));
  await writeFile(join(folder, 'graph/group1-shard1of1.bin'), weights);
  const readers: FuzzedReader[] = [];
  for (const [kind, shard] of [
    ['layers', 'group1-shard1of1'],
    ['functional', 'group1-shard1of1'],
    ['graph', 'group1-shard1of1.bin'],
  ] as const) {
    for (const file of ['model.json', shard]) {
      const path = join(folder, kind, file);
      const sound = await readFile(path);
      readers.push({
        name: `tfjs ${kind} model, ${file}`,
        corpus: [sound],
        read: async (bytes) => {
          await writeFile(path, bytes);
          try {
            await disposed(loadModelFolder(join(folder, kind)));
          } finally {
            await writeFile(path, sound);
          }
        },
      });
    }
  }
  const path = join(folder, 'functional/model.json');
  const sound = await readFile(path, 'utf8');
  readers.push({
    name: 'tfjs functional model, words exchanged',
    corpus: [Uint8Array.of(3, 3), Uint8Array.of(9, 9, 200, 200, 40, 40, 77, 77)],
    read: async (bytes) => {
      await writeFile(path, wordsExchanged(sound, bytes));
      try {
        await disposed(loadModelFolder(dirname(path)));
      } finally {
        await writeFile(path, sound);
      }
    },
  });
  return readers;
}

/** JSON that stays JSON: of each two bytes the first tells a word or number, the second what replaces it. */
function wordsExchanged(json: string, bytes: Uint8Array): string {
  const words = json.split(/("[^"]*"|\b\d+\b)/);
  const count = (words.length - 1) / 2;
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    words[2 * (bytes[at] % count) + 1] = words[2 * (bytes[at + 1] % count) + 1];
  }
  return words.join('');
}

/** The values of a table, which are messages. */
async function valuesOf(bytes: Uint8Array): Promise<Uint8Array[]> {
  const values: Entry[1][] = [];
  for await (const { value } of tableEntries(memorySource(bytes, 'table'))) {
    values.push(Uint8Array.from(value));
  }
  return values;
}

/** Of the exports that a TF8 model is read back from. */
async function exportReaders(model: Tf8Model): Promise<FuzzedReader[]> {
  const source = await sourceOf(model);
  return ['tflite', 'onnx', 'c'].map((format) => ({
    name: `export to ${format}`,
    corpus: [exportFormat(format).encode(source)[0].bytes],
    read: (bytes) => readExport(bytes, `export.${format}`),
  }));
}

function smallTf8Model(): Tf8Model {
  const step = {
    filters: 2,
    window: [1, 1],
    strides: [1, 1],
    padding: 'valid',
    activation: 'relu6',
    zeroPoint: 3,
    weightZeroPoint: 100,
    seed: 1,
  } as const;
  const steps = [
    { ...step, op: 'conv2d' },
    { ...step, op: 'fullyConnected' },
  ] as const;
  const rest = { name: 'fuzzed', classNames: [], labelOffset: 0 };
  return buildModel([2, 2, 1], 128, steps, rest);
}

async function imageTar(folder: string): Promise<Uint8Array> {
  await mkdir(join(folder, 'test/cat'), { recursive: true });
  await writeFile(join(folder, 'test/cat/0001.png'), 'image');
  await createTar({ file: join(folder, 'sound.tar'), cwd: folder, mtime: new Date(0) }, ['test']);
  return readFile(join(folder, 'sound.tar'));
}
