import * as tf from '@tensorflow/tfjs';
import { applyAdam, applyRmsProp } from '../compile/ops/optimizers.ts';
import type { Recipe } from '../recipes/recipe.ts';

/** What changes from step to step. */
export interface OptimizerInputs {
  readonly learningRate: tf.Tensor;
  /** Steps from 1, float32: Adam's t. */
  readonly stepNumber: tf.Tensor;
}

/** An optimizer and its slots, by TensorFlow's names (`Conv2d_0/kernel/RMSProp`). */
export interface Optimizer {
  readonly slots: ReadonlyMap<string, tf.Variable>;
  /** Changes each variable by its gradient. Makes tensors: call it within a tidy. */
  apply(name: string, gradient: tf.Tensor, inputs: OptimizerInputs): void;
}

/** @param variables the trained weights by name */
export function createOptimizer(
  config: Recipe['optimizer'],
  variables: ReadonlyMap<string, tf.Variable>,
): Optimizer {
  const slots = new Map<string, tf.Variable>();
  const slot = (name: string, suffix: string, value: number): tf.Variable => {
    const { shape } = variables.get(name)!;
    const variable = tf.tidy(() => tf.variable(tf.fill(shape, value), false));
    slots.set(`${name}/${suffix}`, variable);
    return variable;
  };
  const names = [...variables.keys()];
  if (config.kind === 'slim-rmsprop') {
    // TensorFlow 1 starts the mean square at 1; tf.train.rmsprop of TensorFlow.js at 0.
    const states = new Map(
      names.map((name) => [
        name,
        { meanSquare: slot(name, 'RMSProp', 1), momentum: slot(name, 'RMSProp_1', 0) },
      ]),
    );
    return {
      slots,
      apply: (name, gradient, { learningRate }) =>
        applyRmsProp(variables.get(name)!, states.get(name)!, gradient, learningRate, config),
    };
  }
  const states = new Map(
    names.map((name) => [
      name,
      { firstMoment: slot(name, 'Adam', 0), secondMoment: slot(name, 'Adam_1', 0) },
    ]),
  );
  return {
    slots,
    apply: (name, gradient, { learningRate, stepNumber }) => {
      const powers = {
        beta1Power: tf.pow(tf.scalar(config.beta1), stepNumber),
        beta2Power: tf.pow(tf.scalar(config.beta2), stepNumber),
      };
      applyAdam(variables.get(name)!, states.get(name)!, gradient, learningRate, powers, config);
    },
  };
}
