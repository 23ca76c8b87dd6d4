import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import { UserError } from '../../foundation/errors.ts';

/**
 * Nats of cross-entropy that count as divergence, for logits that overflow step by step. While the
 * moving statistics lag behind, inference in the first steps of a network without clamps has lost
 * thousands of nats and yet trained well.
 */
const DIVERGED_LOSS = 1e9;

/** What is wrong with a loss, or undefined where nothing is. */
export function lossDamage(loss: number): string | undefined {
  return loss < DIVERGED_LOSS ? undefined : `the loss is ${loss}`;
}

/** Names a tensor that holds NaN or an infinite value, or undefined where there is none. */
export function tensorDamage(tensors: ReadonlyMap<string, WeightTensor>): string | undefined {
  for (const [name, { values }] of tensors) {
    const value = values.find((candidate) => !Number.isFinite(candidate));
    if (value !== undefined) return `${name} holds ${value}`;
  }
  return undefined;
}

/** Training that went astray. */
export class DivergenceError extends UserError {
  override readonly name = 'DivergenceError';

  /**
   * @param what "the loss is NaN at step 3 of 10"
   * @param kept says which checkpoint is the last good one, where there is one
   */
  constructor(what: string, learningRate: number, kept?: string) {
    super(`Training diverged: ${what}, at learning rate ${learningRate}`, {
      remedy: ['Train anew with a lower learning rate, into another folder.', kept]
        .filter(Boolean)
        .join(' '),
    });
  }
}
