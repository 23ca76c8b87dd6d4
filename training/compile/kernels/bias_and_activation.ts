import type * as tf from '@tensorflow/tfjs';
import { InvalidValueError } from '../../../foundation/errors.ts';
import { stringAttribute } from '../attributes.ts';
import { type RecordedCall, typeOf } from './kernel.ts';

const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
};

/** What a fused kernel does to the products: adds the bias and applies the activation, where it has them. */
export function withBiasAndActivation(
  op: string,
  products: tf.TensorInfo,
  { inputs, attributes, trace }: RecordedCall,
): tf.TensorInfo {
  const { activation = 'linear' } = attributes;
  const activationOp = ACTIVATIONS[activation];
  if (activation !== 'linear' && activationOp === undefined) {
    throw new InvalidValueError(
      `Expected an activation of linear, ${Object.keys(ACTIVATIONS).join(', ')} for a fused ${op} but received ${activation}`,
    );
  }
  let y = products;
  if (inputs.bias !== undefined) {
    const options = { ...typeOf(y), data_format: stringAttribute('NHWC') };
    y = trace.addOne('BiasAdd', [y, inputs.bias], options, y.shape, y.dtype);
  }
  return activationOp === undefined
    ? y
    : trace.addOne(activationOp, [y], typeOf(y), y.shape, y.dtype);
}
