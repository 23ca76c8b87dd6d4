/** What keeps an integer within a byte, and what its gradient is made of: an op each in libtensorflow. */
import * as tf from '@tensorflow/tfjs';
import { boolAttribute, dtypeAttribute, intAttribute } from '../attributes.ts';
import { hasLibtensorflowOps, libtensorflowOp } from './libtensorflow_op.ts';

/** The largest byte. */
const BYTE_MAX = 255;

const TYPE = { T: dtypeAttribute('float32') };
const BYTE = { num_bits: intAttribute(8), narrow_range: boolAttribute(false) };

/** levels, of any shape, within [−zeroPoint, 255 − zeroPoint]. @param zeroPoint a scalar */
export function clampedToByte(levels: tf.Tensor, zeroPoint: tf.Tensor): tf.Tensor {
  const [low, high] = boundsOf(zeroPoint);
  if (!hasLibtensorflowOps()) return levels.maximum(low).minimum(high);
  return libtensorflowOp('ClipByValue', [levels, low, high], TYPE, [levels])[0];
}

export interface ByteClampGradient {
  /** dy where a level is within the byte's bounds, 0 elsewhere. */
  readonly inside: tf.Tensor;
  /** Scalars: the sums of dy where a level is below the bounds, and above them. */
  readonly below: tf.Tensor;
  readonly above: tf.Tensor;
}

/** Where a gradient of `clampedToByte` goes. @param levels integers; dy of their shape */
export function byteClampGradient(
  dy: tf.Tensor,
  levels: tf.Tensor,
  zeroPoint: tf.Tensor,
): ByteClampGradient {
  const [low, high] = boundsOf(zeroPoint);
  if (hasLibtensorflowOps()) {
    // Its scale is 1 for bounds that are 255 apart, and its zero point ours: the bounds stay as they are.
    const op = 'FakeQuantWithMinMaxVarsGradient';
    const scalar = { shape: [], dtype: 'float32' as const };
    const outputs = [dy, scalar, scalar];
    const [inside, below, above] = libtensorflowOp(op, [dy, levels, low, high], BYTE, outputs);
    return { inside, below, above };
  }
  const isBelow = levels.less(low).cast('float32');
  const isAbove = levels.greater(high).cast('float32');
  return {
    inside: dy.mul(tf.sub(1, isBelow.add(isAbove))),
    below: dy.mul(isBelow).sum(),
    above: dy.mul(isAbove).sum(),
  };
}

function boundsOf(zeroPoint: tf.Tensor): [low: tf.Tensor, high: tf.Tensor] {
  return [tf.sub(0, zeroPoint), tf.sub(BYTE_MAX, zeroPoint)];
}
