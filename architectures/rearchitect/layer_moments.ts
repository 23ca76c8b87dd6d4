import * as tf from '@tensorflow/tfjs';
import { type BatchMoments, MOMENT_NAMES, type MomentSums } from './moments.ts';
import { linear, rows, type TransposedProduct } from './run_nodes.ts';
import { type Made, originalOutput, runStretch, type Stretch, stateOf } from './stretch.ts';

/**
 * Runs both networks from a state up to the layer to fit, and sums over the positions of the batch: the
 * features are what the rebuilt network feeds it, the targets the original's linear outputs. Where an
 * output is added to something, the target is what makes the sum the original's. Made to be compiled: the
 * weights are inputs (`stretchWeights`).
 * @param kept tensors of the state that is put out too
 */
export function layerMoments(
  inputs: tf.NamedTensorMap,
  stretch: Stretch,
  kept: readonly string[],
  product: TransposedProduct,
): tf.NamedTensorMap {
  const made = runStretch(inputs, stretch);
  const [input] = stretch.layer.original.inputs;
  const targets = rows(targetsOf(inputs, stretch, made));
  const features = rows(made.rebuilt(input));
  const u = rows(made.original(input));
  const ones = tf.ones<tf.Rank.R2>([features.shape[0], 1]);
  const sums: Record<keyof MomentSums, ReturnType<TransposedProduct>> = {
    gram: product(features, features),
    cross: product(features, targets),
    features: product(features, ones),
    targets: product(targets, ones),
    squaredTargets: product(targets.square(), ones),
    activated: product(u.mul(features), ones),
    activatedSum: product(u, ones),
  };
  return {
    ...stateOf(kept, made, stretch.differing),
    positions: tf.scalar(features.shape[0], 'int32'),
    ...Object.fromEntries(
      Object.entries(sums).flatMap(([name, { high, low }]) => [
        [`${name}/high`, high],
        [`${name}/low`, low],
      ]),
    ),
  };
}

function targetsOf(inputs: tf.NamedTensorMap, stretch: Stretch, made: Made): tf.Tensor {
  const { layer, residual, differing } = stretch;
  const own = originalOutput(linear(layer.original), made, inputs);
  if (residual === undefined || !differing.has(residual)) return own;
  return own.add(made.original(residual).sub(made.rebuilt(residual)));
}

/** The sums that `layerMoments` put out, of doubles both parts. */
export function batchMoments(outputs: tf.NamedTensorMap): BatchMoments {
  const terms = Object.fromEntries(
    MOMENT_NAMES.map((name) => [
      name,
      ['high', 'low'].map((part) => outputs[`${name}/${part}`].dataSync<'float32'>()),
    ]),
  ) as unknown as BatchMoments['terms'];
  return { positions: outputs.positions.dataSync<'int32'>()[0], terms };
}
