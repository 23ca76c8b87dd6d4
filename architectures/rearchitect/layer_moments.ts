import * as tf from '@tensorflow/tfjs';
import type { Chain, ChainLayer } from './chain.ts';
import { activated, linearOutput, rows, runChain, type TransposedProduct } from './forward.ts';
import { type BatchMoments, MOMENT_NAMES, type MomentSums } from './moments.ts';

/** A pointwise layer to fit, and the depthwise layer that it reads. */
export interface FittedLayer {
  readonly depthwise: ChainLayer;
  readonly pointwise: ChainLayer;
}

export const ORIGINAL = 'original';
export const REBUILT = 'rebuilt';

/**
 * Runs both networks from a state (`images`, or `original` and `rebuilt`) up to the layer to fit, and
 * sums over the positions of the batch: the features are the rebuilt network's, the targets the
 * original's linear outputs. Made to be compiled: the weights are inputs (`weightTensors`).
 * @param parts the layers between the state and the one to fit, of both networks
 */
export function layerMoments(
  inputs: tf.NamedTensorMap,
  parts: { readonly original: Chain; readonly rebuilt: Chain },
  fitted: { readonly original: FittedLayer; readonly rebuilt: FittedLayer },
  product: TransposedProduct,
): tf.NamedTensorMap {
  const { original, rebuilt } = runNetworks(inputs, parts);
  const { depthwise, pointwise } = fitted.original;
  const approximated = activated(
    depthwise.activation,
    linearOutput(depthwise, original, ORIGINAL, inputs),
  );
  const targets = rows(linearOutput(pointwise, approximated, ORIGINAL, inputs));
  const features = rows(linearOutput(fitted.rebuilt.depthwise, rebuilt, REBUILT, inputs));
  const u = rows(approximated);
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
    original,
    rebuilt,
    positions: tf.scalar(features.shape[0], 'int32'),
    ...Object.fromEntries(
      Object.entries(sums).flatMap(([name, { high, low }]) => [
        [`${name}/high`, high],
        [`${name}/low`, low],
      ]),
    ),
  };
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

/** Both networks from `images`, or from `original` and `rebuilt`, to the end of their parts. */
export function runNetworks(
  inputs: tf.NamedTensorMap,
  parts: { readonly original: Chain; readonly rebuilt: Chain },
): { readonly original: tf.Tensor4D; readonly rebuilt: tf.Tensor4D } {
  const start = (name: string) => (inputs.images ?? inputs[name]) as tf.Tensor4D;
  return {
    original: runChain(parts.original, start(ORIGINAL), ORIGINAL, inputs),
    rebuilt: runChain(parts.rebuilt, start(REBUILT), REBUILT, inputs),
  };
}
