import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { MOBILENET_V1_ROWS } from '../../architectures/mobilenet_v1.ts';

const l = tf.layers;

export interface KerasOptions {
  readonly alpha: number;
  readonly resolution: number;
  readonly classes: number;
  /** Strides of 2 after zeros at the bottom and on the right, as newer versions have it, or "same". */
  readonly padsFirst?: boolean;
}

/**
 * Keras' MobileNet with the names of the published tfjs models: `conv1`, `conv_dw_1`, `conv_dw_1_bn`,
 * `conv_pw_1_relu`, `conv_preds`, with the softmax before the last reshape.
 */
export function kerasMobileNet(options: KerasOptions): tf.LayersModel {
  const { alpha, resolution, classes, padsFirst = false } = options;
  const input = tf.input({ shape: [resolution, resolution, 3], name: 'input_1' });
  let x = input;
  const apply = (layer: tf.layers.Layer) => {
    x = layer.apply(x) as tf.SymbolicTensor;
  };
  const finish = (name: string) => {
    apply(l.batchNormalization({ name: `${name}_bn`, epsilon: 0.001 }));
    apply(l.reLU({ name: `${name}_relu`, maxValue: 6 }));
  };
  const padding = (name: string, stride: number): 'same' | 'valid' => {
    if (!padsFirst || stride === 1) return 'same';
    const sides: [[number, number], [number, number]] = [
      [0, 1],
      [0, 1],
    ];
    apply(l.zeroPadding2d({ name, padding: sides }));
    return 'valid';
  };
  MOBILENET_V1_ROWS.forEach(({ op, stride, filters }, index) => {
    const shared = { useBias: false, kernelSize: 3, strides: stride } as const;
    const outputs = Math.trunc(filters * alpha);
    if (op === 'conv') {
      const around = padding('conv1_pad', stride);
      apply(l.conv2d({ ...shared, name: 'conv1', filters: outputs, padding: around }));
      finish('conv1');
      return;
    }
    const around = padding(`conv_pad_${index}`, stride);
    apply(l.depthwiseConv2d({ ...shared, name: `conv_dw_${index}`, padding: around }));
    finish(`conv_dw_${index}`);
    const pointwise = { useBias: false, kernelSize: 1, padding: 'same', filters: outputs } as const;
    apply(l.conv2d({ ...pointwise, name: `conv_pw_${index}` }));
    finish(`conv_pw_${index}`);
  });
  const features = x.shape[3]!;
  apply(
    l.globalAveragePooling2d({ name: 'global_average_pooling2d_1', dataFormat: 'channelsLast' }),
  );
  apply(l.reshape({ name: 'reshape_1', targetShape: [1, 1, features] }));
  apply(l.dropout({ name: 'dropout', rate: 0.001 }));
  apply(l.conv2d({ name: 'conv_preds', kernelSize: 1, filters: classes, padding: 'same' }));
  apply(l.activation({ name: 'act_softmax', activation: 'softmax' }));
  apply(l.reshape({ name: 'reshape_2', targetShape: [classes] }));
  return tf.model({
    inputs: input,
    outputs: x,
    name: `mobilenet_${alpha.toFixed(2)}_${resolution}`,
  });
}

/** Saves a model as the published ones are: `group1-shard1of1` and so on, a file for each weight. */
export async function savePublishedStyle(model: tf.LayersModel, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      const data = Buffer.from(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
      let offset = 0;
      const weightsManifest = [];
      for (const [index, spec] of artifacts.weightSpecs!.entries()) {
        const bytes = 4 * spec.shape.reduce((a, b) => a * b, 1);
        const path = `group${index + 1}-shard1of1`;
        await writeFile(join(dir, path), data.subarray(offset, offset + bytes));
        offset += bytes;
        weightsManifest.push({ paths: [path], weights: [spec] });
      }
      const { modelTopology } = artifacts;
      await writeFile(join(dir, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }));
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }),
  );
}
