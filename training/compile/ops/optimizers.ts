/**
 * One step of an optimizer for one variable. In a compiled function it is one op that changes the
 * variables in place; elsewhere it is written out, which is its definition.
 */
import * as tf from '@tensorflow/tfjs';
import { dtypeAttribute } from '../attributes.ts';
import { changeInPlace, isRecording } from './libtensorflow_op.ts';

const TYPE = { T: dtypeAttribute('float32') };

export interface RmsPropSlots {
  /** Starts at 1 in TensorFlow 1, at 0 in Keras. */
  readonly meanSquare: tf.Variable;
  readonly momentum: tf.Variable;
}

export interface RmsPropOptions {
  readonly decay: number;
  readonly momentum: number;
  readonly epsilon: number;
}

/**
 * `ResourceApplyRMSProp`, RMSProp as TensorFlow 1 has it (`tf.train.RMSPropOptimizer`): ε lies under
 * the root, and the momentum accumulates scaled gradients.
 *
 *     meanSquare ← decay · meanSquare + (1 − decay) · g²
 *     momentum   ← µ · momentum + learningRate · g / √(meanSquare + ε)
 *     w          ← w − momentum
 */
export function applyRmsProp(
  variable: tf.Variable,
  { meanSquare, momentum }: RmsPropSlots,
  gradient: tf.Tensor,
  learningRate: tf.Tensor,
  options: RmsPropOptions,
): void {
  const { decay, momentum: mu, epsilon } = options;
  if (isRecording()) {
    const scalars = [decay, mu, epsilon].map((value) => tf.scalar(value));
    const inputs = [learningRate, ...scalars, gradient];
    changeInPlace('ResourceApplyRMSProp', [variable, meanSquare, momentum], inputs, TYPE);
    return;
  }
  meanSquare.assign(meanSquare.mul(decay).add(gradient.square().mul(restOf(decay))));
  const scaled = gradient.div(meanSquare.add(epsilon).sqrt());
  momentum.assign(momentum.mul(mu).add(scaled.mul(learningRate)));
  variable.assign(variable.sub(momentum));
}

export interface AdamSlots {
  /** Both start at 0. */
  readonly firstMoment: tf.Variable;
  readonly secondMoment: tf.Variable;
}

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** β₁ᵗ and β₂ᵗ as scalars, t the number of the step from 1. */
export interface AdamPowers {
  readonly beta1Power: tf.Tensor;
  readonly beta2Power: tf.Tensor;
}

/**
 * `ResourceApplyAdam`, Adam as TensorFlow has it (Kingma and Ba 2015, section 2, last paragraph: ε
 * beside the uncorrected root).
 *
 *     m ← β₁ · m + (1 − β₁) · g
 *     v ← β₂ · v + (1 − β₂) · g²
 *     w ← w − learningRate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)
 */
export function applyAdam(
  variable: tf.Variable,
  { firstMoment, secondMoment }: AdamSlots,
  gradient: tf.Tensor,
  learningRate: tf.Tensor,
  { beta1Power, beta2Power }: AdamPowers,
  options: AdamOptions,
): void {
  const { beta1, beta2, epsilon } = options;
  if (isRecording()) {
    const scalars = [beta1, beta2, epsilon].map((value) => tf.scalar(value));
    const inputs = [beta1Power, beta2Power, learningRate, ...scalars, gradient];
    changeInPlace('ResourceApplyAdam', [variable, firstMoment, secondMoment], inputs, TYPE);
    return;
  }
  firstMoment.assign(firstMoment.mul(beta1).add(gradient.mul(restOf(beta1))));
  secondMoment.assign(secondMoment.mul(beta2).add(gradient.square().mul(restOf(beta2))));
  const one = tf.scalar(1);
  const rate = learningRate.mul(one.sub(beta2Power).sqrt()).div(one.sub(beta1Power));
  variable.assign(variable.sub(firstMoment.mul(rate).div(secondMoment.sqrt().add(epsilon))));
}

/** 1 − x of the float32 that x is in the ops: for 0.999 it is 1.3 · 10⁻⁵ less than 0.001. */
function restOf(x: number): number {
  return 1 - Math.fround(x);
}
