import * as tf from '@tensorflow/tfjs';
import { dtypeAttribute } from '../attributes.ts';
import { libtensorflowOp } from './libtensorflow_op.ts';

const TYPE = { T: dtypeAttribute('float32') };

/**
 * ReLU or ReLU6 whose gradient is one op (`ReluGrad`, `Relu6Grad`) where TensorFlow.js takes a step
 * function, a comparison, a cast and two products.
 */
export function trainRelu(x: tf.Tensor, op: 'Relu' | 'Relu6'): tf.Tensor {
  const activate = tf.customGrad((...args) => {
    const [input, save] = args as unknown as [tf.Tensor, (tensors: tf.Tensor[]) => void];
    const [value] = libtensorflowOp(op, [input], TYPE, [input]);
    save([value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        libtensorflowOp(`${op}Grad`, [dy, ...saved], TYPE, [dy]),
    };
  });
  return activate(x);
}
