/** Models in the folders of ../shared/cases. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { type FloatModel, loadFloatModel } from '../../checkpoints/float_model.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import { predictions } from '../checkpoints/live_mobilenet.ts';
import { sharedFolder } from '../support/skip.ts';

export function caseFolder(context: Mocha.Context, name: string): string {
  return sharedFolder(context, join('cases', name));
}

/** Loads a model of a case and proves that TF8's converter takes it, too. */
export async function loadCase(folder: string, file: string): Promise<FloatModel> {
  const loaded = await loadFloatModel(join(folder, file));
  assert.ok(loaded !== undefined, file);
  fuseGraph(loaded.network.graph, { zeroVariance: 'keep' });
  return loaded;
}

/** float32 numbers of a file. */
export async function floatsOf(path: string): Promise<Float32Array> {
  return new Float32Array(Uint8Array.from(await readFile(path)).buffer);
}

/** What the model makes of two images of its size, all numbers of which differ; disposes of it. */
export function outputsOf({ network, input }: FloatModel): Float32Array {
  const model = network.layersModel;
  const { height, width, channels } = input;
  const length = 2 * height * width * channels;
  const values = Float32Array.from({ length }, (_, index) => Math.sin(1.7 * index));
  const x = tf.tensor4d(values, [2, height, width, channels]);
  const outputs = predictions(model, x);
  x.dispose();
  model.dispose();
  return outputs;
}

export function assertClose(received: Float32Array, expected: Float32Array): void {
  assert.equal(received.length, expected.length);
  received.forEach((value, index) => {
    assert.ok(
      Math.abs(value - expected[index]) < 1e-6,
      `${value} but ${expected[index]} at ${index}`,
    );
  });
}
