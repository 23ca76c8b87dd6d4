import type * as tf from '@tensorflow/tfjs';
import { dilatedWindow, windowPositions } from '../window.ts';
import { activated } from './activation_function.ts';
import { misfit } from './misfit.ts';
import type { Operation } from './operation.ts';
import { explicitPadding } from './padded.ts';
import { type ConvNodeBase, weightsOf } from './weighted.ts';

/** A convolution; kernel [kh, kw, C, M]: [H, W, C] → [H', W', M] */
export interface FloatConv2dNode extends ConvNodeBase {
  readonly op: 'conv2d';
}

export const CONV_2D: Operation<FloatConv2dNode> = {
  shape(node, [input]) {
    const [kh, kw, depth, outputs] = node.kernelShape;
    if (input.length !== 3 || input[2] !== depth) {
      throw misfit(node, `images of ${depth} channels`, [input]);
    }
    const window = dilatedWindow([kh, kw], node.dilations);
    return [...windowPositions(input, window, node.strides, node.padding), outputs];
  },

  constants: weightsOf,

  run({ strides, padding, dilations = [1, 1], activation }, { tf, inputs: [x], constants }) {
    const kernel = constants.kernel as tf.Tensor4D;
    const sides = explicitPadding(padding);
    const sum = tf
      .conv2d(x as tf.Tensor4D, kernel, [...strides], sides, 'NHWC', [...dilations])
      .add(constants.bias);
    return activated(activation, sum, tf);
  },
};
