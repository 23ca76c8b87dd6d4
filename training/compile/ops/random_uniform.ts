import * as tf from '@tensorflow/tfjs';
import { dtypeAttribute } from '../attributes.ts';
import { hasLibtensorflowOps, libtensorflowOp } from './libtensorflow_op.ts';

/**
 * Uniform numbers in [0, 1), float32, that depend on `seed` (int32 [2]) alone: the same eager and
 * compiled (`StatelessRandomUniform`). Outside of libtensorflow TensorFlow.js draws them, others.
 */
export function statelessRandomUniform(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  if (!hasLibtensorflowOps()) {
    const [low, high] = seed.dataSync();
    return tf.randomUniform([...shape], 0, 1, 'float32', `${low}/${high}`);
  }
  const attributes = {
    dtype: dtypeAttribute('float32'),
    T: dtypeAttribute('int32'),
    Tseed: dtypeAttribute('int32'),
  };
  const outputs = [{ shape, dtype: 'float32' as const }];
  return libtensorflowOp(
    'StatelessRandomUniform',
    [tf.tensor1d([...shape], 'int32'), seed],
    attributes,
    outputs,
  )[0];
}
