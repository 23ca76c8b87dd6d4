import type * as tf from '@tensorflow/tfjs';
import { dilatedWindow, windowPositions } from '../window.ts';
import { activated } from './activation_function.ts';
import { misfit } from './misfit.ts';
import type { Operation } from './operation.ts';
import { explicitPadding } from './padded.ts';
import { type ConvNodeBase, weightsOf } from './weighted.ts';

/**
 * A convolution; kernel [kh, kw, C / groups, M]: [H, W, C] → [H', W', M]. Output channel m reads the input
 * channels of group ⌊m · groups / M⌋.
 */
export interface FloatConv2dNode extends ConvNodeBase {
  readonly op: 'conv2d';
  /** 1 unless given. */
  readonly groups?: number;
}

export const CONV_2D: Operation<FloatConv2dNode> = {
  shape(node, [input]) {
    const [kh, kw, depth, outputs] = node.kernelShape;
    const { groups = 1 } = node;
    if (input.length !== 3 || input[2] !== depth * groups) {
      throw misfit(node, `images of ${depth * groups} channels`, [input]);
    }
    if (outputs % groups !== 0) {
      throw misfit(node, `as many outputs of each of ${groups} groups, not ${outputs},`, [input]);
    }
    const window = dilatedWindow([kh, kw], node.dilations);
    return [...windowPositions(input, window, node.strides, node.padding), outputs];
  },

  constants: weightsOf,

  run(node, { tf, inputs: [x], constants }) {
    const { strides, padding, dilations = [1, 1], groups = 1, activation } = node;
    const sides = explicitPadding(padding);
    const convolved = (part: tf.Tensor, kernel: tf.Tensor) =>
      tf.conv2d(part as tf.Tensor4D, kernel as tf.Tensor4D, [...strides], sides, 'NHWC', [
        ...dilations,
      ]);
    const { kernel, bias } = constants;
    const sum =
      groups === 1
        ? convolved(x, kernel)
        : tf.concat(
            tf
              .split(x, groups, 3)
              .map((part, g, { length }) => convolved(part, tf.split(kernel, length, 3)[g])),
            3,
          );
    return activated(activation, sum.add(bias), tf);
  },
};
