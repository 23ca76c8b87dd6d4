import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { readExport } from '../../quantize/export/formats.ts';
import { appendZip } from '../../quantize/export/stored_zip.ts';
import { randomizeWeights } from '../architectures/support.ts';
import { savePublishedStyle } from '../checkpoints/keras_mobilenet.ts';
import { unpack } from '../checkpoints/keras_networks.ts';
import { writeTree } from '../datasets/support.ts';
import { runMain } from '../scripts/run_tf8.ts';
import { picture } from '../scripts/support.ts';
import { disposeModels } from '../support/dispose_models.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

/** In the order in which somebody made them. */
const CLASSES = ['Wolf', 'Cat', 'Sea eel', 'Ant', 'Dog'];
const IMAGES = 6;

/** Model and labels as Teachable Machine exports them, images of 16 × 16. */
const EXPORTS: readonly {
  readonly title: string;
  write(folder: string): Promise<string>;
}[] = [
  {
    title: 'keras_model.h5 with labels.txt',
    async write(folder: string): Promise<string> {
      await unpack('keras_2/teachable', folder);
      const model = join(folder, 'keras_model.h5');
      await rename(join(folder, 'model.h5'), model);
      const lines = CLASSES.map((name, index) => `${index} ${name}\n`);
      await writeFile(join(folder, 'labels.txt'), lines.join(''));
      return model;
    },
  },
  {
    title: 'model.json with metadata.json',
    async write(folder: string): Promise<string> {
      const model = teachable();
      randomizeWeights(model);
      await savePublishedStyle(model, folder);
      model.dispose();
      const metadata = {
        tmVersion: '2.4.5',
        packageName: '@teachablemachine/image',
        imageSize: 16,
      };
      await writeFile(
        join(folder, 'metadata.json'),
        JSON.stringify({ ...metadata, labels: CLASSES }),
      );
      return folder;
    },
  },
  {
    title: 'the same in a zip',
    async write(folder: string): Promise<string> {
      const model = await EXPORTS[1].write(folder);
      const names = await readdir(model);
      const entries = names.map(async (name) => {
        return { name, bytes: await readFile(join(model, name)) };
      });
      const zip = join(folder, 'converted_tfjs.zip');
      await writeFile(zip, appendZip(new Uint8Array(), await Promise.all(entries)));
      return zip;
    },
  },
];

/** A network and its pool in a chain, two dense layers in another. */
function teachable(): tf.LayersModel {
  const input = tf.input({ shape: [16, 16, 3], name: 'image' });
  const conv = tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, name: 'conv1' });
  const norm = tf.layers.batchNormalization({ name: 'conv1_bn' });
  const relu = tf.layers.reLU({ maxValue: 6, name: 'conv1_relu' });
  const x = relu.apply(norm.apply(conv.apply(input))) as tf.SymbolicTensor;
  const base = tf.model({ inputs: input, outputs: x, name: 'model1' });
  const pool = tf.layers.globalAveragePooling2d({ name: 'pool', dataFormat: 'channelsLast' });
  const features = tf.sequential({ name: 'sequential_1', layers: [base, pool] });
  const dense = { units: CLASSES.length, useBias: false, activation: 'softmax' } as const;
  const classes = tf.sequential({
    name: 'sequential_3',
    layers: [
      tf.layers.dense({ units: 8, activation: 'relu', inputShape: [4], name: 'dense_Dense1' }),
      tf.layers.dense({ ...dense, name: 'dense_Dense2' }),
    ],
  });
  return tf.sequential({ name: 'sequential_4', layers: [features, classes] });
}

for (const { title, write } of EXPORTS) {
  describe(`an export of Teachable Machine: ${title}`, () => {
    let folder: string;
    let model: string;
    const at = (name: string) => join(folder, name);

    before(async function () {
      await needsTensorFlow.call(this);
      folder = await mkdtemp(join(tmpdir(), 'tf8-teachable-'));
      await mkdir(at('export'));
      model = await write(at('export'));
      for (let n = 0; n < IMAGES; n++) {
        await writeTree(at('plain'), { [`${n}.png`]: await picture(n) });
      }
    });

    afterEach(disposeModels);

    after(() => rm(folder, { recursive: true, force: true }));

    async function tf8(...args: readonly string[]): Promise<string> {
      const { status, stdout, stderr } = await runMain(args);
      assert.equal(status, 0, stderr);
      return stdout;
    }

    it('classifies, evaluates on class folders, quantizes and exports, in a command each', async () => {
      const json = async (...args: readonly string[]) => JSON.parse(await tf8(...args, '--json'));
      // Half of the images are what the network takes them for, the others what it takes for likely next.
      for (let n = 0; n < IMAGES; n++) {
        const image = at(`plain/${n}.png`);
        const { float } = await json('classify', image, '--model', model);
        assert.deepEqual(
          float.map(({ index }: { readonly index: number }) => CLASSES[index]),
          float.map(({ name }: { readonly name: string }) => name),
        );
        const { name } = float[n % 2];
        await mkdir(at(`mine/${name}`), { recursive: true });
        await cp(image, at(`mine/${name}/${n}.png`));
      }
      const data = ['--calibration-data', at('plain')] as const;
      const result = await json('evaluate', model, '--data', at('mine'), ...data);
      assert.equal(result.float.top1, 50);
      await tf8('quantize', model, '--recipe', 'best', ...data, '--out', at('mine.tf8'));
      await tf8('export', at('mine.tf8'), '--format', 'tflite', '--out', at('mine.tflite'));
      const exported = await readExport(await readFile(at('mine.tflite')), 'mine.tflite');
      assert.deepEqual(exported.model.classNames, CLASSES);
    });
  });
}
