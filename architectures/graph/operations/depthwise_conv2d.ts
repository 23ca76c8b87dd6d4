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
    const sum = dilations.every((step) => step === 1)
      ? tf.depthwiseConv2d(image, kernel, [...strides], 'valid')
      : dilated(tf, image, kernel, dilations, strides);
    return activated(activation, sum.add(constants.bias), tf);
  },
};

/**
 * A convolution with its taps `dilations` apart, by way of SpaceToBatchND, as Python's
 * tf.nn.depthwise_conv2d: TensorFlow's own kernel has no dilations where oneDNN is off, and
 * TensorFlow.js none beside strides.
 * @param image with its padding
 */
function dilated(
  tensorFlow: typeof tf,
  image: tf.Tensor4D,
  kernel: tf.Tensor4D,
  dilations: readonly [number, number],
  strides: readonly [number, number],
): tf.Tensor4D {
  const surplus = dilations.map((step, axis) => [
    0,
    (step - (image.shape[1 + axis] % step)) % step,
  ]);
  const parts = tensorFlow.spaceToBatchND(image, [...dilations], surplus);
  const sums = tensorFlow.depthwiseConv2d(parts, kernel, 1, 'valid');
  const whole = tensorFlow.batchToSpaceND(sums, [...dilations], surplus);
  if (strides.every((step) => step === 1)) return whole;
  return tensorFlow.stridedSlice(whole, [0, 0, 0, 0], whole.shape, [
    1,
    ...strides,
    1,
  ]) as tf.Tensor4D;
}
