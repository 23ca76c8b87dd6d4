import { z } from 'zod';

const initial = z.number().positive();

/** What a recipe may say of the learning rate. */
export const learningRateSchema = z.discriminatedUnion('schedule', [
  z.strictObject({ schedule: z.literal('constant'), initial }),
  /** From `initial` to 0 along a half cosine over the whole budget (Loshchilov and Hutter, arXiv 1608.03983, without restarts). */
  z.strictObject({ schedule: z.literal('cosine'), initial }),
  /** `initial` times `factor` once for every `everyEpochs` that are over (`tf.train.exponential_decay` with `staircase=True`). */
  z.strictObject({
    schedule: z.literal('staircase'),
    initial,
    factor: z.number().positive().max(1),
    everyEpochs: z.number().positive(),
  }),
]);

/** How the learning rate goes over a run. */
export type LearningRate = Readonly<z.infer<typeof learningRateSchema>>;

/** How far a run is. */
export interface RunProgress {
  /** Epochs done, with the fraction of the one in progress. */
  readonly epochs: number;
  /** Share of the budget that is used up, of steps or of time: in [0, 1]. */
  readonly share: number;
}

/** The learning rate of the next step of a run: never negative, never more than `initial`. */
export function learningRateAt(learningRate: LearningRate, { epochs, share }: RunProgress): number {
  switch (learningRate.schedule) {
    case 'constant':
      return learningRate.initial;
    case 'cosine':
      return (learningRate.initial / 2) * (1 + Math.cos(Math.PI * share));
    case 'staircase':
      return (
        learningRate.initial * learningRate.factor ** Math.floor(epochs / learningRate.everyEpochs)
      );
  }
}
