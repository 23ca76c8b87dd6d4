/** Networks that Keras wrote in its forms, with images and what Keras makes of them. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';
import { type FloatModel, loadFloatModel } from '../../checkpoints/float_model.ts';
import { predictions } from './live_mobilenet.ts';

export const MAKE_NETWORKS = join(import.meta.dirname, 'fixtures', 'make_keras_networks.py');

/** Unpacks a fixture. */
export async function unpack(name: string, folder: string): Promise<void> {
  for (const [path, content] of Object.entries(await packedFiles(name))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), Buffer.from(content, 'base64'));
  }
}

/** One file of a fixture. */
export async function fixtureFile(name: string, path: string): Promise<Uint8Array> {
  return Buffer.from((await packedFiles(name))[path], 'base64');
}

/** {path: base64} */
async function packedFiles(name: string): Promise<Record<string, string>> {
  const packed = await readFile(join(import.meta.dirname, 'fixtures', `${name}.json.gz`));
  return JSON.parse(gunzipSync(packed).toString());
}

interface Facts {
  /** [N, H, W, C] of the images. */
  readonly shape: [number, number, number, number];
  /** The greatest pixel; null where images are in [−1, 1]. */
  readonly top: number | null;
}

/**
 * Reads one form of a network and asks for what Keras made of the images, within 1e-5 of the greatest
 * number.
 * @param folder of the network
 * @param form "layers", "saved", …
 */
export async function givesKerasNumbers(
  folder: string,
  form: string,
): Promise<Pick<FloatModel, 'input' | 'notes' | 'format'>> {
  const { shape, top } = JSON.parse(await readFile(join(folder, 'facts.json'), 'utf8')) as Facts;
  const images = await floats(join(folder, 'images.bin'));
  const expected = await floats(join(folder, 'outputs.bin'));
  const loaded = await loadFloatModel(join(folder, form));
  assert.ok(loaded !== undefined, form);
  const { network, input, notes, format } = loaded;
  const model = network.layersModel;
  const { height, width, channels, range } = input;
  assert.deepEqual([height, width, channels], shape.slice(1));
  assert.equal(range === undefined, top === null);
  const scaled = range && images.map((x) => range.min + (x / top!) * (range.max - range.min));
  const x = tf.tensor4d(scaled ?? images, shape);
  const received = predictions(model, x);
  x.dispose();
  model.dispose();
  const greatest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  assert.equal(received.length, expected.length);
  expected.forEach((value, index) => {
    const off = Math.abs(value - received[index]);
    assert.ok(
      off <= 1e-5 * greatest,
      `${form}: ${value} at ${index} but received ${received[index]}`,
    );
  });
  return { input, notes, format };
}

async function floats(path: string): Promise<Float32Array> {
  return new Float32Array(Uint8Array.from(await readFile(path)).buffer);
}
