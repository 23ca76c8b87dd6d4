import * as tf from '@tensorflow/tfjs';
import { trainBatchNorm } from '../compile/ops/fused_batch_norm.ts';
import { hasLibtensorflowOps } from '../compile/ops/libtensorflow_op.ts';
import { statelessRandomUniform } from '../compile/ops/random_uniform.ts';
import { trainRelu } from '../compile/ops/relu.ts';

type Layer = tf.layers.Layer;

/** The parts of TensorFlow.js' layers that are used here; their classes are not exported. */
interface BatchNormLayer extends Layer {
  readonly epsilon: number;
  readonly momentum: number;
  /** Absent from a batch norm without scale, as InceptionV3's are: 1 for every channel. */
  readonly gamma: tf.LayerVariable | undefined;
  readonly beta: tf.LayerVariable;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
}
interface ReluLayer extends Layer {
  readonly maxValue: number | null | undefined;
}
interface DropoutLayer extends Layer {
  readonly rate: number;
}

type Call = (x: tf.Tensor) => tf.Tensor;

/**
 * Lets a model's layers train as TensorFlow trains them: batch norms and ReLUs by libtensorflow's own
 * ops where they are there, dropout by a seed that is an input of the step (TensorFlow.js would draw
 * the same mask at every step). Inference is as before.
 * @param dropoutSeed int32 [2] of the step in progress
 * @returns undoes it
 */
export function useTrainingLayers(model: tf.LayersModel, dropoutSeed: () => tf.Tensor): () => void {
  const undo: (() => void)[] = [];
  let dropouts = 0;
  for (const layer of model.layers) {
    const train =
      layer.getClassName() === 'Dropout'
        ? dropout(layer as unknown as DropoutLayer, dropoutSeed, dropouts++)
        : fused(layer);
    if (train === undefined) continue;
    const original = layer.call;
    layer.call = (inputs, kwargs) =>
      kwargs.training === true
        ? train(Array.isArray(inputs) ? inputs[0] : inputs)
        : original.call(layer, inputs, kwargs);
    undo.push(() => {
      layer.call = original;
    });
  }
  return () => {
    for (const restore of undo) restore();
  };
}

/**
 * The layer's forward pass while training, by one op of libtensorflow where that is there; undefined
 * where the layer's own serves.
 */
function fused(layer: Layer): Call | undefined {
  if (!hasLibtensorflowOps()) return withoutScale(layer);
  switch (layer.getClassName()) {
    case 'BatchNormalization':
      return (x) => batchNorm(layer as BatchNormLayer, x);
    case 'ReLU': {
      const { maxValue } = layer as ReluLayer;
      if (maxValue === 6) return (x) => trainRelu(x, 'Relu6');
      return maxValue == null ? (x) => trainRelu(x, 'Relu') : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * A batch norm without γ, which TensorFlow.js cannot train
 * (https://github.com/tensorflow/tfjs/issues/2868), as it trains one whose γ is 1; undefined for
 * another layer.
 */
function withoutScale(layer: Layer): Call | undefined {
  if (layer.getClassName() !== 'BatchNormalization') return undefined;
  const { gamma, beta, movingMean, movingVariance, epsilon, momentum } = layer as BatchNormLayer;
  if (gamma !== undefined) return undefined;
  return (x) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const move = (variable: tf.LayerVariable, value: tf.Tensor) =>
      variable.write(
        variable
          .read()
          .mul(momentum)
          .add(value.mul(1 - momentum)),
      );
    move(movingMean, mean);
    move(movingVariance, variance);
    const offset = beta.read() as tf.Tensor1D;
    const scale = tf.onesLike(offset);
    return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale, epsilon);
  };
}

/** x: [N, H, W, C] → the normalized batch; the layer's moving statistics take a step. */
function batchNorm(layer: BatchNormLayer, x: tf.Tensor): tf.Tensor {
  const { y, movingMean, movingVariance } = trainBatchNorm(x, {
    gamma: layer.gamma?.read() ?? tf.onesLike(layer.beta.read()),
    beta: layer.beta.read(),
    movingMean: layer.movingMean.read(),
    movingVariance: layer.movingVariance.read(),
    epsilon: layer.epsilon,
    decay: layer.momentum,
  });
  layer.movingMean.write(movingMean);
  layer.movingVariance.write(movingVariance);
  tf.dispose([movingMean, movingVariance]);
  return y;
}

/** Zeroes a share of x and scales the rest up, so that its mean stays (inverted dropout). */
function dropout({ rate }: DropoutLayer, seed: () => tf.Tensor, index: number): Call | undefined {
  if (rate === 0) return undefined;
  return (x) => {
    // Each dropout of a network draws by a seed of its own.
    const own = seed().add(tf.tensor1d([0, index], 'int32'));
    const kept = statelessRandomUniform(x.shape, own).greaterEqual(rate).cast('float32');
    return x.mul(kept).div(1 - rate);
  };
}
