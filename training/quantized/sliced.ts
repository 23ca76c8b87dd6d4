import * as tf from '@tensorflow/tfjs';
import type { FloatSliceNode } from '../../architectures/graph/operations/slice.ts';

/** A slice whose gradient TensorFlow.js has: it has none of one with strides. */
export function sliced({ begin, size, strides }: FloatSliceNode, x: tf.Tensor): tf.Tensor {
  const spans = size.map((count, axis) => (count - 1) * strides[axis] + 1);
  const dense = tf.slice(x, [0, ...begin], [x.shape[0], ...spans]);
  return strides.reduce((part, stride, axis) => {
    if (stride === 1) return part;
    const places = Int32Array.from({ length: size[axis] }, (_, place) => place * stride);
    return tf.gather(part, tf.tensor1d(places, 'int32'), axis + 1);
  }, dense);
}
