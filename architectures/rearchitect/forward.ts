import * as tf from '@tensorflow/tfjs';
import type { Activation, Chain, ChainLayer } from './chain.ts';

/** aᵀ·b of [P, C] and [P, M] in double precision, as the sum of two singles (training/compile/ops). */
export type TransposedProduct = (
  a: tf.Tensor2D,
  b: tf.Tensor2D,
) => { readonly high: tf.Tensor2D; readonly low: tf.Tensor2D };

/** A chain's weights as named tensors, `<prefix>/<layer>/kernel` and `…/bias`; the caller's to dispose. */
export function weightTensors(prefix: string, chain: Chain): tf.NamedTensorMap {
  return Object.fromEntries(
    chain.flatMap((layer) => [
      [
        `${prefix}/${layer.name}/kernel`,
        tf.tensor4d(Float32Array.from(layer.kernel), [...layer.kernelShape]),
      ],
      [`${prefix}/${layer.name}/bias`, tf.tensor1d(Float32Array.from(layer.bias))],
    ]),
  );
}

/** The linear output of a layer, its weights among `inputs` (`weightTensors`). */
export function linearOutput(
  layer: ChainLayer,
  x: tf.Tensor4D,
  prefix: string,
  inputs: tf.NamedTensorMap,
): tf.Tensor4D {
  const kernel = inputs[`${prefix}/${layer.name}/kernel`] as tf.Tensor4D;
  const bias = inputs[`${prefix}/${layer.name}/bias`];
  const pooled = layer.kind === 'logits' ? x.mean<tf.Tensor4D>([1, 2], true) : x;
  const convolve = layer.kind === 'depthwise' ? tf.depthwiseConv2d : tf.conv2d;
  return convolve(pooled, kernel, layer.stride, 'same').add(bias);
}

export function activated(activation: Activation, x: tf.Tensor4D): tf.Tensor4D {
  if (activation === 'linear') return x;
  return activation === 'relu6' ? x.relu6() : x.relu();
}

/** The output of a chain's part after its last activation. */
export function runChain(
  part: Chain,
  x: tf.Tensor4D,
  prefix: string,
  inputs: tf.NamedTensorMap,
): tf.Tensor4D {
  return part.reduce(
    (value, layer) => activated(layer.activation, linearOutput(layer, value, prefix, inputs)),
    x,
  );
}

/** [N, H, W, C] as [N·H·W, C]. */
export function rows(x: tf.Tensor4D): tf.Tensor2D {
  return x.reshape([-1, x.shape[3]]);
}
