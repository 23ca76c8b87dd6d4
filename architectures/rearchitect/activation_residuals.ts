import * as tf from '@tensorflow/tfjs';
import type { FloatWeightedNode } from '../graph/float_node.ts';
import { type Activation, boundOf } from '../graph/operations/activation_function.ts';
import type { Residuals } from './fit_layer.ts';
import { linear, rows } from './run_nodes.ts';
import { originalOutput, rebuiltOutput, runStretch, type Stretch } from './stretch.ts';

/** The input that `activationResiduals` takes the features' means [C] from. */
export const FEATURE_MEANS = 'featureMeans';

/**
 * What the fitted layer misses of a batch once the activation after it counts: an output is as it
 * should be wherever the activation makes the same of it as the original's does. The target of an
 * output o whose original z ends at 0 is therefore min(o, 0), at 6 in a network with ReLU6
 * max(o, 6), and elsewhere the original's activated output itself: the relaxation by which Zhang et
 * al. (arXiv 1505.06798, section 3.2) solve a linear layer for a ReLU after it.
 *
 * The products are of what is missing, not of the targets: single precision is enough for a step that
 * the next pass corrects.
 *
 * @param stretch to a layer with a ReLU behind it (`hasRelu`)
 */
export function activationResiduals(
  inputs: tf.NamedTensorMap,
  stretch: Stretch,
): tf.NamedTensorMap {
  const made = runStretch(inputs, stretch);
  const { original, rebuilt } = stretch.layer;
  const wanted = originalOutput(original, made, inputs);
  const own = rebuiltOutput(linear(rebuilt), made, inputs);
  const missing = rows(missingOf(own, wanted, boundOf(rebuilt.activation)!));
  const features = rows(made.rebuilt(rebuilt.inputs[0]));
  const centred = features.sub<tf.Tensor2D>(inputs[FEATURE_MEANS]);
  return {
    cross: tf.matMul(centred, missing, true, false),
    features: centred.sum(0),
    residuals: missing.sum(0),
    positions: tf.scalar(missing.shape[0], 'int32'),
  };
}

/** Whether both networks have a ReLU behind the layer. */
export function hasRelu(original: FloatWeightedNode, rebuilt: FloatWeightedNode): boolean {
  const isRelu = (activation: Activation) => boundOf(activation) !== undefined;
  return isRelu(original.activation) && isRelu(rebuilt.activation);
}

function missingOf(own: tf.Tensor, wanted: tf.Tensor, bound: number): tf.Tensor {
  const target = tf.where(wanted.lessEqual(0), own.minimum(0), wanted);
  if (bound === Infinity) return target.sub(own);
  return tf.where(wanted.greaterEqual(bound), own.maximum(bound), target).sub(own);
}

/** The sums over batches, which are [C, M], [C] and [M]. */
export class ResidualSums {
  private readonly sums: { -readonly [Name in keyof Residuals]: Residuals[Name] };

  constructor(inputs: number, outputs: number) {
    this.sums = {
      positions: 0,
      cross: new Float64Array(inputs * outputs),
      features: new Float64Array(inputs),
      residuals: new Float64Array(outputs),
    };
  }

  /** @param batch what `activationResiduals` put out */
  add(batch: tf.NamedTensorMap): void {
    for (const name of ['cross', 'features', 'residuals'] as const) {
      const sum = this.sums[name];
      const values = batch[name].dataSync<'float32'>();
      for (let i = 0; i < sum.length; i++) sum[i] += values[i];
    }
    this.sums.positions += batch.positions.dataSync<'int32'>()[0];
  }

  get total(): Residuals {
    return this.sums;
  }
}
