import * as tf from '@tensorflow/tfjs';
import { boolAttribute, dtypeAttribute, floatAttribute, stringAttribute } from '../attributes.ts';
import { libtensorflowOp } from './libtensorflow_op.ts';

const FLOAT32 = dtypeAttribute('float32');

type Save = (tensors: tf.Tensor[]) => void;

export interface BatchNormTensors {
  /** [C] each, float32. */
  readonly gamma: tf.Tensor;
  readonly beta: tf.Tensor;
  readonly movingMean: tf.Tensor;
  readonly movingVariance: tf.Tensor;
  readonly epsilon: number;
  /** Share of the old moving statistics that is kept. */
  readonly decay: number;
}

export interface BatchNormResult {
  /** [N, H, W, C] */
  readonly y: tf.Tensor;
  /** [C] each: the moving statistics after the step, which no tidy disposes of. */
  readonly movingMean: tf.Tensor;
  readonly movingVariance: tf.Tensor;
}

/**
 * A batch norm of training, x: [N, H, W, C] float32, by one op forward (`FusedBatchNormV3`) and one
 * backward (`FusedBatchNormGradV3`), where TensorFlow.js takes some thirty and five. As in
 * TensorFlow, the moving variance follows the batch's unbiased variance (n / (n − 1)). Gradients
 * flow to x, γ and β.
 */
export function trainBatchNorm(x: tf.Tensor, parameters: BatchNormTensors): BatchNormResult {
  const { epsilon, decay } = parameters;
  const attributes = {
    T: FLOAT32,
    U: FLOAT32,
    epsilon: floatAttribute(epsilon),
    data_format: stringAttribute('NHWC'),
    is_training: boolAttribute(true),
  };
  const channels = { shape: parameters.gamma.shape, dtype: 'float32' as const };
  let movingMean: tf.Tensor | undefined;
  let movingVariance: tf.Tensor | undefined;
  const normalize = tf.customGrad((...args) => {
    const [input, gamma, beta, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, Save];
    const [y, mean, variance, ...reserved] = libtensorflowOp(
      'FusedBatchNormV3',
      [input, gamma, beta, parameters.movingMean, parameters.movingVariance],
      { ...attributes, exponential_avg_factor: floatAttribute(1 - decay) },
      [input, channels, channels, channels, channels, channels],
    );
    movingMean = tf.keep(mean);
    movingVariance = tf.keep(variance);
    save([input, gamma, ...reserved]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        libtensorflowOp('FusedBatchNormGradV3', [dy, ...saved], attributes, [
          input,
          channels,
          channels,
          channels,
          channels,
        ]).slice(0, 3),
    };
  });
  const y = normalize(x, parameters.gamma, parameters.beta);
  return { y, movingMean: movingMean!, movingVariance: movingVariance! };
}
