import type { RunProgress } from '../recipes/learning_rate.ts';
import type { Budget, Recipe } from '../recipes/recipe.ts';
import type { TrainingState } from './training_state.ts';

/** How long a recipe trains: the images of all its steps, or its time. */
export function trainingLength(
  { budget }: Pick<Recipe, 'budget'>,
  imagesPerEpoch: number,
): { readonly images: number } | { readonly seconds: number } {
  return 'epochs' in budget
    ? { images: budget.epochs * imagesPerEpoch }
    : { seconds: 60 * budget.minutes };
}

/** What a run may use up, and how far it is. */
export class RunBudget {
  /** Steps of the whole run; undefined for a budget of time. */
  readonly steps: number | undefined;
  private readonly budget: Budget;
  private readonly imagesPerEpoch: number;

  constructor({ budget, batchSize }: Pick<Recipe, 'budget' | 'batchSize'>, imagesPerEpoch: number) {
    this.budget = budget;
    this.imagesPerEpoch = imagesPerEpoch;
    this.steps =
      'epochs' in budget ? budget.epochs * Math.ceil(imagesPerEpoch / batchSize) : undefined;
  }

  /** Whether nothing is left: all epochs done, or all time gone. */
  isSpent(state: TrainingState): boolean {
    if ('epochs' in this.budget) return state.epoch >= this.budget.epochs;
    const betweenEpochs = state.sums.images === 0;
    return betweenEpochs && this.isTimeOver(state);
  }

  /** Whether the epoch in progress ends here for lack of time. */
  isTimeOver({ elapsedSeconds }: Pick<TrainingState, 'elapsedSeconds'>): boolean {
    return 'minutes' in this.budget && elapsedSeconds >= 60 * this.budget.minutes;
  }

  /** What the learning rate follows: steps where epochs are given, else time. */
  progress(state: TrainingState): RunProgress {
    const share =
      'epochs' in this.budget
        ? state.step / this.steps!
        : state.elapsedSeconds / (60 * this.budget.minutes);
    return {
      epochs: state.epoch + state.position / this.imagesPerEpoch,
      share: Math.min(1, share),
    };
  }
}
