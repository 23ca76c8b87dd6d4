/** The weights of a LayersModel by layer and name, as a re-architecture reads and writes them. */
import * as tf from '@tensorflow/tfjs';
import { batchNormOf } from '../conv_layer.ts';
import type { BatchNormParameters } from '../graph/fold_batch_norm.ts';
import { RearchitectError } from './errors.ts';

type Variable = tf.layers.Layer['weights'][number];

export function hasLayer(model: tf.LayersModel, name: string): boolean {
  return model.layers.some((layer) => layer.name === name);
}

/**
 * @param name "kernel", "bias", "gamma" …
 * @throws RearchitectError where the model has no such layer or weight
 */
export function readWeight(model: tf.LayersModel, layer: string, name: string): Float32Array {
  return variableOf(model, layer, name).read().dataSync<'float32'>().slice();
}

export function weightShape(
  model: tf.LayersModel,
  layer: string,
  name: string,
): readonly (number | null)[] {
  return variableOf(model, layer, name).shape;
}

export function hasWeight(model: tf.LayersModel, layer: string, name: string): boolean {
  return find(model, layer, name) !== undefined;
}

/**
 * Rounds to single precision.
 * @throws RearchitectError where the model has no such layer or weight
 */
export function writeWeight(
  model: tf.LayersModel,
  layer: string,
  name: string,
  values: Float64Array | Float32Array,
): void {
  const variable = variableOf(model, layer, name);
  tf.tidy(() => {
    variable.write(
      tf.tensor(Float32Array.from(values), [...variable.shape] as number[], 'float32'),
    );
  });
}

/** The batch norm after a layer; undefined where there is none. */
export function readBatchNorm(
  model: tf.LayersModel,
  layer: string,
): BatchNormParameters | undefined {
  const name = batchNormOf(layer);
  const found = model.layers.find((candidate) => candidate.name === name);
  if (found === undefined) return undefined;
  const { epsilon } = found.getConfig();
  const mean = readWeight(model, name, 'moving_mean');
  const channels = mean.length;
  const optional = (weight: string, value: number) =>
    hasWeight(model, name, weight)
      ? readWeight(model, name, weight)
      : new Float32Array(channels).fill(value);
  return {
    gamma: optional('gamma', 1),
    beta: optional('beta', 0),
    mean,
    variance: readWeight(model, name, 'moving_variance'),
    epsilon: epsilon as number,
  };
}

function find(model: tf.LayersModel, layer: string, name: string): Variable | undefined {
  return model.layers
    .find((candidate) => candidate.name === layer)
    ?.weights.find(({ originalName }) => originalName === `${layer}/${name}`);
}

function variableOf(model: tf.LayersModel, layer: string, name: string): Variable {
  const variable = find(model, layer, name);
  if (variable !== undefined) return variable;
  throw new RearchitectError(
    `Expected a layer ${layer} with a weight ${name} in ${model.name} but there is none`,
  );
}
