import * as tf from '@tensorflow/tfjs';
import type { Recipe } from './recipe.ts';

/**
 * RMSProp as TensorFlow 1 has it and slim uses it (`tf.train.RMSPropOptimizer`): the mean square
 * starts at 1, not at 0, ε lies under the root, and the momentum accumulates scaled gradients.
 *
 *     meanSquare ← decay · meanSquare + (1 − decay) · g²
 *     momentum   ← µ · momentum + learningRate · g / √(meanSquare + ε)
 *     w          ← w − momentum
 *
 * `tf.train.rmsprop` of TensorFlow.js starts the mean square at 0.
 */
export class SlimRmsProp {
  private readonly config: Recipe['optimizer'];
  private readonly slots = new Map<string, { meanSquare: tf.Variable; momentum: tf.Variable }>();

  constructor(config: Recipe['optimizer']) {
    this.config = config;
  }

  /** Changes each variable by its gradient; `gradients` go by variable name and are left alive. */
  apply(
    variables: readonly tf.Variable[],
    gradients: tf.NamedTensorMap,
    learningRate: number,
  ): void {
    const { decay, momentum: mu, epsilon } = this.config;
    for (const variable of variables) {
      const gradient = gradients[variable.name]!;
      const { meanSquare, momentum } = this.slotsOf(variable);
      tf.tidy(() => {
        meanSquare.assign(meanSquare.mul(decay).add(gradient.square().mul(1 - decay)));
        const scaled = gradient.div(meanSquare.add(epsilon).sqrt());
        momentum.assign(momentum.mul(mu).add(scaled.mul(learningRate)));
        variable.assign(variable.sub(momentum));
      });
    }
  }

  dispose(): void {
    for (const { meanSquare, momentum } of this.slots.values()) tf.dispose([meanSquare, momentum]);
    this.slots.clear();
  }

  private slotsOf(variable: tf.Variable): { meanSquare: tf.Variable; momentum: tf.Variable } {
    let slots = this.slots.get(variable.name);
    if (slots === undefined) {
      slots = tf.tidy(() => ({
        meanSquare: tf.variable(tf.onesLike(variable), false),
        momentum: tf.variable(tf.zerosLike(variable), false),
      }));
      this.slots.set(variable.name, slots);
    }
    return slots;
  }
}
