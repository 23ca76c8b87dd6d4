import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { openMetricsFile, readMetrics } from '../../training/watch/metrics_file.ts';
import { combineObservers, type TrainingObserver } from '../../training/watch/observer.ts';
import { stepsPerWindow } from '../../training/watch/step_window.ts';
import { openTensorBoard } from '../../training/watch/tensorboard.ts';
import { trainingCurveSvg } from '../charts/training_curve.ts';
import { WATCHED } from '../outputs/training_files.ts';

export interface WatchOptions {
  /** Of the figure: what is trained on what. */
  readonly title: string;
  /** Of the whole run; undefined where nobody knows, for a budget of time. */
  readonly steps: number | undefined;
  /** Step of the checkpoint that the run goes on from; undefined for a new run. */
  readonly resumedFrom?: number | undefined;
  readonly reporter: Reporter;
}

/**
 * Watches a training run into its folder: metrics as lines of JSON, event files for TensorBoard, and
 * at the end a figure.
 * @throws UserError where the folder cannot be written to begin with
 */
export async function watchRun(
  folder: string,
  { title, steps, resumedFrom, reporter }: WatchOptions,
): Promise<TrainingObserver> {
  const metricsPath = join(folder, WATCHED.metrics);
  const curvePath = join(folder, WATCHED.curve);
  const options = { every: stepsPerWindow(steps), resumedFrom, reporter };
  const metrics = await openMetricsFile(metricsPath, options);
  if (resumedFrom === undefined) await rm(curvePath, { force: true }); // of a run before
  const tensorBoard = await openTensorBoard(join(folder, WATCHED.tensorBoard), options);
  const observer = combineObservers(metrics, tensorBoard);
  return {
    ...observer,
    async end() {
      await observer.end();
      try {
        const measured = await readMetrics(metricsPath);
        if (measured.steps.length === 0) return; // it ended before its first step
        await writeFileAtomic(curvePath, await trainingCurveSvg(measured, { title }));
      } catch (error) {
        reporter.warn(`The training curve could not be drawn: ${messageOf(error)}`);
      }
    },
  };
}
