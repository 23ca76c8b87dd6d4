import { formatLoss } from '../../foundation/reporting/amounts.ts';
import type { Progress, Reporter } from '../../foundation/reporting/reporter.ts';
import type { TrainingState } from './training_state.ts';

/** Says how far a run is while it trains. */
export class RunProgressReport {
  private readonly progress: Progress;

  /**
   * @param label what the progress calls the run
   * @param state that the run begins with, or goes on from
   */
  constructor(reporter: Reporter, label: string, state: TrainingState) {
    const { imagesPerEpoch, recipe } = state.run;
    // Of a budget of time nobody knows the images.
    const epochs = 'epochs' in recipe.budget ? recipe.budget.epochs : 0;
    this.progress = reporter.start(label, epochs * imagesPerEpoch, 'images', imagesDone(state));
  }

  update(state: TrainingState, learningRate: number): void {
    const { epoch, sums, elapsedSeconds, run } = state;
    const { budget } = run.recipe;
    const place =
      'epochs' in budget
        ? `epoch ${epoch + 1}/${budget.epochs}`
        : `epoch ${epoch + 1}, ${(elapsedSeconds / 60).toFixed(1)} of ${budget.minutes} min`;
    const loss = formatLoss(sums.loss / sums.images);
    const accuracy = ((100 * sums.correct) / sums.images).toFixed(1);
    this.progress.update(
      imagesDone(state),
      `loss ${loss}, accuracy ${accuracy} %, ${place}, learning rate ${learningRate.toPrecision(2)}`,
    );
  }

  end(): void {
    this.progress.end();
  }
}

function imagesDone({ epoch, position, run }: TrainingState): number {
  return epoch * run.imagesPerEpoch + position;
}
