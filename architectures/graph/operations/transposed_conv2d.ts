import type * as tf from '@tensorflow/tfjs';
import { activated } from './activation_function.ts';
import { misfit } from './misfit.ts';
import type { Operation } from './operation.ts';
import { type WeightedNodeBase, weightsOf } from './weighted.ts';

/**
 * A transposed convolution: each position of the input puts the kernel, times its values, at stride · position
 * of the output; kernel [kh, kw, C, M]: [H, W, C] → [H', W', M]. Its padding is cut off the output:
 * H' = (H − 1) · stride + kh − top − bottom + outputPadding.
 */
export interface FloatTransposedConv2dNode extends WeightedNodeBase {
  readonly op: 'transposedConv2d';
  /** Rows below and columns to the right that hold the bias alone; 0 unless given. */
  readonly outputPadding?: readonly [number, number];
}

export const TRANSPOSED_CONV_2D: Operation<FloatTransposedConv2dNode> = {
  shape(node, [input]) {
    const { kernelShape, strides, padding, outputPadding = [0, 0] } = node;
    const [kh, kw, depth, outputs] = kernelShape;
    if (input.length !== 3 || input[2] !== depth) {
      throw misfit(node, `images of ${depth} channels`, [input]);
    }
    const { top, bottom, left, right } = padding;
    return [
      (input[0] - 1) * strides[0] + kh - top - bottom + outputPadding[0],
      (input[1] - 1) * strides[1] + kw - left - right + outputPadding[1],
      outputs,
    ];
  },

  constants: weightsOf,

  run(node, { tf, inputs: [x], constants: { kernel, bias } }) {
    const { kernelShape, strides, padding, outputPadding = [0, 0], activation } = node;
    const [kh, kw, , outputs] = kernelShape;
    const [batch, height, width] = x.shape as [number, number, number, number];
    const rows = (height - 1) * strides[0] + kh;
    const columns = (width - 1) * strides[1] + kw;
    const whole = tf.conv2dTranspose(
      x as tf.Tensor4D,
      // TensorFlow has the outputs in front.
      kernel.transpose<tf.Tensor4D>([0, 1, 3, 2]),
      [batch, rows, columns, outputs],
      [...strides],
      'valid',
    );
    const { top, bottom, left, right } = padding;
    const extended = tf.pad(whole, [
      [0, 0],
      [0, outputPadding[0]],
      [0, outputPadding[1]],
      [0, 0],
    ]);
    const size = [
      batch,
      rows + outputPadding[0] - top - bottom,
      columns + outputPadding[1] - left - right,
      outputs,
    ];
    const cut = tf.slice(extended, [0, top, left, 0], size);
    return activated(activation, cut.add(bias), tf);
  },
};
