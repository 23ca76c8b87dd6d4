import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import type { FloatWeightedNode } from '../../../architectures/graph/float_node.ts';
import type { Activation } from '../../../architectures/graph/operations/activation_function.ts';
import { padded } from '../../../architectures/graph/operations/padded.ts';
import { operationOf } from '../../../architectures/graph/operations/table.ts';
import type { Shape } from '../../../architectures/graph/shape.ts';
import { isPadded, isSamePadding } from '../../../architectures/graph/window.ts';
import { UserError } from '../../../foundation/errors.ts';
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

/** Gives the logits of the last node. */
async function forwardOf(folder: string): Promise<(images: tf.Tensor4D) => tf.Tensor> {
  const text = await readFile(join(folder, 'network.json'), 'utf8');
  const network = JSON.parse(text, (_, value) => value ?? Infinity) as NetworkDescription;
  const weights = await networkWeights(folder, network);
  const layers = network.nodes.map((node): ((inputs: readonly tf.Tensor[]) => tf.Tensor) => {
    if (!hasWeights(node)) {
      return (inputs) => operationOf(node).run(node, { tf, inputs, constants: {} });
    }
    const { kernel, bias } = weights.get(node.name)!;
    const options = {
      filter: tf.tensor4d(kernel, [...node.kernelShape]),
      bias: tf.tensor1d(bias),
      strides: [...node.strides] as [number, number],
      ...fused(node.activation),
    };
    const image = network.nodes.find(({ name }) => name === node.inputs[0])?.outputShape;
    const pad = paddingName(image ?? network.inputShape, node);
    const convolve = node.op === 'depthwiseConv2d' ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
    return ([input]) => {
      const image = input as tf.Tensor4D;
      if (pad !== undefined) return convolve({ ...options, x: image, pad });
      return convolve({ ...options, x: padded(tf, image, node.padding), pad: 'valid' });
    };
  });
  return (images) => {
    const tensors = new Map<string, tf.Tensor>([[network.inputName, images]]);
    let last: tf.Tensor = images;
    network.nodes.forEach(({ name, inputs }, index) => {
      last = layers[index](inputs.map((input) => tensors.get(input)!));
      tensors.set(name, last);
    });
    return last;
  };
}

/** An activation that is computed with the convolution. */
function fused(activation: Activation) {
  if (activation === 'relu' || activation === 'relu6' || activation === 'linear') {
    return { activation } as const;
  }
  throw new UserError(`TensorFlow.js fuses no ${JSON.stringify(activation)} with a convolution`);
}

/** The name of a padding; undefined of one without a name. */
function paddingName(
  size: Shape,
  {
    kernelShape: [rows, columns],
    strides,
    padding,
  }: Pick<FloatWeightedNode, 'kernelShape' | 'strides' | 'padding'>,
): 'same' | 'valid' | undefined {
  if (!isPadded(padding)) return 'valid';
  return isSamePadding(padding, size, [rows, columns], strides) ? 'same' : undefined;
}
