import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { hasWeights, type NetworkDescription, networkWeights } from '../network/network_files.ts';
import { type Load, type LoadedNetwork, realImages } from './network_loader.ts';

/**
 * A network on TensorFlow.js' WebAssembly backend by its fused operations, which is the fastest way
 * there: batch norms are folded, biases and activations part of each convolution. In Node the backend
 * has one thread.
 * @param model folder that `writeNetwork` wrote
 */
export async function loadTfjs({ model, batch, images }: Load): Promise<LoadedNetwork> {
  setThreadsCount(1);
  await tf.setBackend('wasm');
  const forward = await forwardOf(model);
  const pixels = await realImages(images);
  const [, ...image] = images.shape;
  const size = image.reduce((product, side) => product * side, 1);
  return {
    version: tf.version.tfjs,
    async run(first) {
      const input = pixels.subarray(first * size, (first + batch) * size);
      const logits = tf.tidy(() => forward(tf.tensor4d(input, [batch, ...image])));
      const values = logits.dataSync();
      logits.dispose();
      return values;
    },
  };
}

async function forwardOf(folder: string): Promise<(images: tf.Tensor4D) => tf.Tensor4D> {
  const text = await readFile(join(folder, 'network.json'), 'utf8');
  const network = JSON.parse(text) as NetworkDescription;
  const weights = await networkWeights(folder, network);
  const layers = network.nodes.map((node): ((x: tf.Tensor4D) => tf.Tensor4D) => {
    if (!hasWeights(node)) return (x) => tf.mean(x, [1, 2], true);
    const { kernel, bias } = weights.get(node.name)!;
    const options = {
      filter: tf.tensor4d(kernel, [...node.kernelShape]),
      bias: tf.tensor1d(bias),
      strides: [...node.strides] as [number, number],
      pad: Object.values(node.padding).some((side) => side > 0) ? 'same' : 'valid',
      activation: node.activation,
    } as const;
    return node.op === 'depthwiseConv2d'
      ? (x) => tf.fused.depthwiseConv2d({ ...options, x })
      : (x) => tf.fused.conv2d({ ...options, x });
  });
  return (images) => layers.reduce((x, layer) => layer(x), images);
}
