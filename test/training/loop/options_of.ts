import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import type { TrainOptions } from '../../../training/loop/train_options.ts';

/** Makes options of runs that differ from `common` where a test says so. */
export function optionsOf(
  common: Pick<TrainOptions, 'dataset' | 'recipe'>,
): (changes?: Partial<TrainOptions>) => TrainOptions {
  return (changes) => ({
    network: 'MobilenetV1_tiny',
    start: 'random weights',
    seed: 3,
    reporter: SILENT_REPORTER,
    ...common,
    ...changes,
  });
}
