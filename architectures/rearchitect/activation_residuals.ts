import * as tf from '@tensorflow/tfjs';
import type { Chain } from './chain.ts';
import type { Residuals } from './fit_layer.ts';
import { activated, linearOutput, rows } from './forward.ts';
import { type FittedLayer, ORIGINAL, REBUILT, runNetworks } from './layer_moments.ts';

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
 * @param parts the layers between the state and the one to fit, of both networks
 */
export function activationResiduals(
  inputs: tf.NamedTensorMap,
  parts: { readonly original: Chain; readonly rebuilt: Chain },
  fitted: { readonly original: FittedLayer; readonly rebuilt: FittedLayer },
): tf.NamedTensorMap {
  const { original, rebuilt } = runNetworks(inputs, parts);
  const [before, now] = [fitted.original, fitted.rebuilt];
  const u = activated(
    before.depthwise.activation,
    linearOutput(before.depthwise, original, ORIGINAL, inputs),
  );
  const wanted = activated(
    before.pointwise.activation,
    linearOutput(before.pointwise, u, ORIGINAL, inputs),
  );
  const features = linearOutput(now.depthwise, rebuilt, REBUILT, inputs);
  const own = linearOutput(now.pointwise, features, REBUILT, inputs);
  const missing = rows(missingOf(own, wanted, now.pointwise.activation === 'relu6'));
  const centred = rows(features).sub<tf.Tensor2D>(inputs[FEATURE_MEANS]);
  return {
    cross: tf.matMul(centred, missing, true, false),
    features: centred.sum(0),
    residuals: missing.sum(0),
    positions: tf.scalar(missing.shape[0], 'int32'),
  };
}

function missingOf(own: tf.Tensor4D, wanted: tf.Tensor4D, isClipped: boolean): tf.Tensor4D {
  const target = tf.where(wanted.lessEqual(0), own.minimum(0), wanted);
  const above = isClipped ? tf.where(wanted.greaterEqual(6), own.maximum(6), target) : target;
  return above.sub(own);
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
