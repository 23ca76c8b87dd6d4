import type * as tf from '@tensorflow/tfjs';
import { dilatedWindow, windowPositions } from '../window.ts';
import { activated } from './activation_function.ts';
import { misfit } from './misfit.ts';
import type { Operation } from './operation.ts';
import { padded } from './padded.ts';
import { type ConvNodeBase, weightsOf } from './weighted.ts';

/** A convolution of each channel by itself; kernel [kh, kw, C, mult]: [H, W, C] → [H', W', C · mult] */
export interface FloatDepthwiseConv2dNode extends ConvNodeBase {
  readonly op: 'depthwiseConv2d';
}

export const DEPTHWISE_CONV_2D: Operation<FloatDepthwiseConv2dNode> = {
  shape(node, [input]) {
    const [kh, kw, channels, multiplier] = node.kernelShape;
    if (input.length !== 3 || input[2] !== channels) {
      throw misfit(node, `images of ${channels} channels`, [input]);
    }
    const window = dilatedWindow([kh, kw], node.dilations);
    const positions = windowPositions(input, window, node.strides, node.padding);
    return [...positions, channels * multiplier];
  },

  constants: weightsOf,

  run({ strides, padding, dilations = [1, 1], activation }, { tf, inputs: [x], constants }) {
    const image = padded(tf, x as tf.Tensor4D, padding);
    const kernel = constants.kernel as tf.Tensor4D;
    const sum = tf
      .depthwiseConv2d(image, kernel, [...strides], 'valid', 'NHWC', [...dilations])
      .add(constants.bias);
    return activated(activation, sum, tf);
  },
};
