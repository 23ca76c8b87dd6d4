/** The sums of layers with weights, eq. 4: exact, with gradients that TensorFlow.js has. */
import * as tf from '@tensorflow/tfjs';
import type { FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import { explicitPadding } from '../../architectures/graph/operations/padded.ts';
import { operationOf } from '../../architectures/graph/operations/table.ts';
import { isPadded, NO_PADDING } from '../../architectures/graph/window.ts';

/** Products of the upper half of a weight count so many times. */
export const HALVES = 16;

/**
 * Σ x · w + bias, whatever the layer sums over.
 * @param kernel as the node's operation takes it
 */
export function summed(
  node: FloatWeightedNode,
  x: tf.Tensor,
  kernel: tf.Tensor,
  bias: tf.Tensor,
): tf.Tensor {
  const linear = { ...node, activation: 'linear' as const };
  if (linear.op !== 'conv2d' && linear.op !== 'depthwiseConv2d') {
    return operationOf(linear).run(linear, { tf, inputs: [x], constants: { kernel, bias } });
  }
  // TensorFlow.js has no gradient of dilations.
  const { dilations, ...dense } = linear;
  const isDense = dilations === undefined || dilations.every((step) => step === 1);
  const constants = { kernel: isDense ? kernel : spread(kernel as tf.Tensor4D, dilations), bias };
  if (dense.op !== 'conv2d' || !isPadded(dense.padding)) {
    return operationOf(dense).run(dense, { tf, inputs: [x], constants });
  }
  // Nor of paddings in numbers.
  const inputs = [tf.pad(x as tf.Tensor4D, explicitPadding(dense.padding))];
  const valid = { ...dense, padding: NO_PADDING };
  return operationOf(valid).run(valid, { tf, inputs, constants });
}

/** The same rounded once to single precision, as f32(acc) is: each half is exact. */
export function summedInHalves(
  node: FloatWeightedNode,
  x: tf.Tensor,
  weights: tf.Tensor,
  bias: tf.Tensor,
): tf.Tensor {
  const upper = weights
    .add(HALVES / 2)
    .div(HALVES)
    .floor();
  const upperBias = bias.div(HALVES).floor();
  const lower = weights.sub(upper.mul(HALVES));
  const lowerBias = bias.sub(upperBias.mul(HALVES));
  const upperSum = summed(node, x, upper, upperBias);
  return upperSum.mul(HALVES).add(summed(node, x, lower, lowerBias));
}

/**
 * A kernel [kh, kw, C, M] with zeros between its taps: the convolution without dilations that is the one with
 * them.
 */
function spread(kernel: tf.Tensor4D, [rows, columns]: readonly [number, number]): tf.Tensor4D {
  const [height, width, depth, outputs] = kernel.shape;
  const taps = kernel.reshape([height, 1, width, 1, depth * outputs]);
  const spaced = tf.pad(taps, [
    [0, 0],
    [0, rows - 1],
    [0, 0],
    [0, columns - 1],
    [0, 0],
  ]);
  const whole = spaced.reshape<tf.Tensor4D>([height * rows, width * columns, depth, outputs]);
  // What lies behind the last tap would be read beyond the image.
  const size = [(height - 1) * rows + 1, (width - 1) * columns + 1, depth, outputs];
  return whole.slice([0, 0, 0, 0], size as [number, number, number, number]);
}
