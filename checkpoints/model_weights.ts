import * as tf from '@tensorflow/tfjs';
import { InvalidValueError } from '../foundation/errors.ts';
import type { WeightTensor } from './weight_tensor.ts';

/**
 * Sets every weight of a model by its name (`Conv2d_0/kernel`).
 * @throws InvalidValueError naming a weight of the model that `weights` lacks or has in another shape; the
 *   model is unchanged then
 */
export function writeModelWeights(
  model: tf.LayersModel,
  weights: ReadonlyMap<string, WeightTensor>,
): void {
  for (const variable of model.weights) {
    const tensor = weights.get(variable.originalName);
    if (tensor === undefined || `${tensor.shape}` !== `${variable.shape}`) {
      const received = tensor === undefined ? 'it is missing' : `received [${tensor.shape}]`;
      throw new InvalidValueError(
        `Expected shape [${variable.shape}] for ${variable.originalName} but ${received}`,
      );
    }
  }
  tf.tidy(() => {
    for (const variable of model.weights) {
      const { shape, values } = weights.get(variable.originalName)!;
      variable.write(tf.tensor(values, [...shape], 'float32'));
    }
  });
}

/** The first NaN or infinite value of a model's weights, or undefined where all are finite. */
export function nonFiniteWeight(
  model: tf.LayersModel,
): { readonly name: string; readonly index: number; readonly value: number } | undefined {
  for (const variable of model.weights) {
    const values = variable.read().dataSync();
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) return { name: variable.originalName, index, value: values[index] };
  }
  return undefined;
}
