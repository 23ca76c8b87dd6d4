import * as tf from '@tensorflow/tfjs';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import { InvalidValueError } from '../../foundation/errors.ts';

/** Copies of the variables' values. */
export function readState(
  variables: ReadonlyMap<string, tf.Variable>,
): ReadonlyMap<string, WeightTensor> {
  return new Map(
    [...variables].map(([name, variable]) => [
      name,
      { shape: [...variable.shape], values: Float32Array.from(variable.dataSync()) },
    ]),
  );
}

/**
 * Gives the variables the values of `state`.
 * @throws InvalidValueError naming a tensor that is missing, of another shape or size or unknown; nothing is
 *   changed then
 */
export function writeState(
  variables: ReadonlyMap<string, tf.Variable>,
  state: ReadonlyMap<string, WeightTensor>,
): void {
  for (const [name, { shape, size }] of variables) {
    const received = state.get(name);
    if (received === undefined || `${received.shape}` !== `${shape}`) {
      throw new InvalidValueError(
        `Expected shape [${shape}] for ${name} but ${received === undefined ? 'it is missing' : `received [${received.shape}]`}`,
      );
    }
    if (received.values.length !== size) {
      throw new InvalidValueError(
        `Expected ${size} values for ${name} but received ${received.values.length}`,
      );
    }
  }
  for (const name of state.keys()) {
    if (!variables.has(name)) {
      throw new InvalidValueError(
        `Expected the ${variables.size} tensors of a training step but received ${name} too`,
      );
    }
  }
  tf.tidy(() => {
    for (const [name, variable] of variables) {
      const { shape, values } = state.get(name)!;
      variable.assign(tf.tensor(Float32Array.from(values), [...shape], 'float32'));
    }
  });
}
