import type { LocalTrainStep } from '../../../training/step/train_step.ts';
import { batchOf, inputsOf, RMSPROP } from './support.ts';

/** The same steps in every process; without dropout, whose masks depend on the backend. */
export const FIXED_RECIPE = { ...RMSPROP, labelSmoothing: 0.1, movingAverageDecay: 0.6 };

export interface FixedSteps {
  readonly losses: readonly number[];
  readonly correct: readonly number[];
  /** Some of the weights afterwards. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
}

const NAMES = [
  'Conv2d_0/kernel',
  'Conv2d_13_pointwise/BatchNorm/beta',
  'Conv2d_1c_1x1/kernel',
  'Conv2d_1c_1x1/kernel/RMSProp',
  'Conv2d_1c_1x1/kernel/ExponentialMovingAverage',
];

/** Two steps of eight images. */
export function fixedSteps(step: LocalTrainStep): FixedSteps {
  const results = [0, 1].map((number) =>
    step.run(batchOf(8, number), inputsOf(number, FIXED_RECIPE)),
  );
  const state = step.readState();
  step.dispose();
  return {
    losses: results.map(({ loss }) => loss),
    correct: results.map(({ correct }) => correct),
    weights: Object.fromEntries(NAMES.map((name) => [name, [...state.get(name)!.values]])),
  };
}
