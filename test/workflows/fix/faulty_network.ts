import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../training/backend.ts';
import { randomizeWeights } from '../../architectures/support.ts';

const FILTERS = 8;

/** The channel with the faults: the layers before leave it 0, so that they change no output. */
const DEAD = 3;

/**
 * Saves a small classifier of [24, 24, 3] as a folder of TensorFlow.js. One with faults has the same function:
 * the batch norm of its depthwise layer has a channel of zero variance, and the pointwise layer a weight of
 * 500 on the channel that is always 0.
 */
export async function saveFaulty(dir: string, isFaulty: boolean): Promise<void> {
  await selectBackend();
  const model = smallClassifier();
  tf.tidy(() => {
    change(model, 'conv_bn', 'beta', DEAD, -100);
    change(model, 'depthwise_bn', 'beta', DEAD, -1);
    change(model, 'depthwise_bn', 'moving_mean', DEAD, 0);
    if (!isFaulty) return;
    change(model, 'depthwise_bn', 'moving_variance', DEAD, 0);
    // [3, 3, channels, 1]
    change(model, 'depthwise', 'depthwise_kernel', DEAD, 5);
    // [1, 1, inputs, outputs]
    change(model, 'pointwise', 'kernel', DEAD * FILTERS, 500);
  });
  await mkdir(dir);
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs = [], weightData = [] }) => {
      const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      const json = { format: 'layers-model', modelTopology, weightsManifest };
      await writeFile(join(dir, 'weights.bin'), weights);
      await writeFile(join(dir, 'model.json'), JSON.stringify(json));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  model.dispose();
}

function smallClassifier(): tf.LayersModel {
  const activation = () => tf.layers.reLU({});
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [24, 24, 3],
        filters: FILTERS,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        name: 'conv',
      }),
      tf.layers.batchNormalization({ name: 'conv_bn' }),
      activation(),
      tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', name: 'depthwise' }),
      tf.layers.batchNormalization({ name: 'depthwise_bn' }),
      activation(),
      tf.layers.conv2d({ filters: FILTERS, kernelSize: 1, name: 'pointwise' }),
      activation(),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 4, name: 'logits' }),
    ],
  });
  randomizeWeights(model);
  return model;
}

/** Gives one of a layer's weights another value. */
function change(
  model: tf.LayersModel,
  layer: string,
  weight: string,
  index: number,
  value: number,
): void {
  const variable = model
    .getLayer(layer)
    .weights.find(({ originalName }) => originalName.endsWith(`/${weight}`));
  const values = variable!.read().dataSync<'float32'>().slice();
  values[index] = value;
  variable!.write(tf.tensor(values, variable!.shape as number[]));
}
