import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { asFileError, errorCode } from '../../foundation/files/file_errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { LineAppender } from './line_appender.ts';
import {
  type EpochMetrics,
  formatMetricLine,
  type MetricLine,
  parseMetricLines,
  type StepMetrics,
} from './metric_lines.ts';
import type { TrainingObserver } from './observer.ts';
import { StepWindow, type WindowMeans } from './step_window.ts';

/** What was measured while training, in order. */
export interface Metrics {
  readonly steps: readonly StepMetrics[];
  readonly epochs: readonly EpochMetrics[];
}

export interface MetricsFileOptions {
  /** Steps that one line is the mean of (`stepsPerWindow`). */
  readonly every: number;
  /** Step of the checkpoint that the run goes on from; a new run begins a new file. */
  readonly resumedFrom?: number | undefined;
  readonly reporter: Reporter;
}

/**
 * Writes the metrics of a run to `path`: a line of JSON for every `every` steps, for each epoch and
 * for each checkpoint (`MetricLine`). Killing the process loses the steps since the last line only.
 * Going on from a checkpoint drops what comes after it, so that the step and epoch lines of a run
 * that was killed and resumed are those of a run that was not, except for `time`. A disk that is full
 * stops no training: the reporter is warned and the lines are written once there is room.
 * @throws UserError where the file cannot be written to begin with
 */
export async function openMetricsFile(
  path: string,
  { every, resumedFrom, reporter }: MetricsFileOptions,
): Promise<TrainingObserver> {
  const { kept, closing } =
    resumedFrom === undefined ? NOTHING : await linesUpTo(resumedFrom, path, reporter);
  await writeFileAtomic(path, kept.map(formatMetricLine).join(''));
  const last = kept.at(-1);
  const window = new StepWindow(every, last?.kind === 'checkpoint' ? last.open : undefined);
  const started = performance.now() - 1000 * (last?.time.trainedSeconds ?? 0);
  const trainedSeconds = () => Math.round(performance.now() - started) / 1000;
  const file = new LineAppender(path, (error) => {
    reporter.warn(`Metrics are kept back until they can be written: ${messageOf(error)}`);
  });
  const append = (line: MetricLine) => file.append(formatMetricLine(line));
  const appendSteps = (means: WindowMeans) =>
    append({
      kind: 'step',
      step: means.step,
      steps: means.steps,
      loss: rounded(means.loss),
      accuracy: rounded(means.accuracy),
      learningRate: rounded(means.learningRate),
      time: {
        imagesPerSecond: rounded(means.time.imagesPerSecond),
        waitShare: rounded(means.time.waitShare),
        trainedSeconds: trainedSeconds(),
      },
    });
  let hasStepped = false;
  return {
    step(report) {
      hasStepped = true;
      const means = window.add(report);
      if (means !== undefined) appendSteps(means);
    },
    epoch({ epoch, step, loss, accuracy, validation }) {
      append({
        kind: 'epoch',
        epoch,
        step,
        loss: rounded(loss),
        accuracy: rounded(accuracy),
        ...(validation && {
          validation: {
            loss: rounded(validation.loss),
            top1: rounded(validation.top1),
            top5: rounded(validation.top5),
          },
        }),
        time: { trainedSeconds: trainedSeconds() },
      });
    },
    async checkpoint(step) {
      const time = { trainedSeconds: trainedSeconds() };
      append({ kind: 'checkpoint', step, open: window.sums, time });
      await file.sync();
    },
    async end() {
      const means = window.close();
      if (means !== undefined) appendSteps(means);
      else if (!hasStepped && closing !== undefined) append(closing);
      await file.close();
    },
  };
}

/**
 * Reads what `openMetricsFile` wrote, also while it is being written.
 * @throws UserError where there is no such file, or a line of it is damaged
 */
export async function readMetrics(path: string): Promise<Metrics> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new UserError(
      `Expected the metrics of a training run at ${path} but ${errorCode(error) === 'ENOENT' ? 'there are none' : messageOf(error)}`,
      { remedy: 'Give the folder of a training.', cause: error },
    );
  });
  const { lines, damaged } = parseMetricLines(text);
  if (damaged.length > 0) {
    throw new UserError(
      `Expected metrics as JSON in each line of ${path} but line ${damaged[0]} is damaged`,
      { remedy: `Remove the damaged lines (${damaged.length}).` },
    );
  }
  return {
    steps: lines.filter((line) => line.kind === 'step'),
    epochs: lines.filter((line) => line.kind === 'epoch'),
  };
}

interface EarlierLines {
  /** Those that were there when the checkpoint was taken. */
  readonly kept: readonly MetricLine[];
  /** What the run ended with there: the steps of a window that was not complete. */
  readonly closing?: StepMetrics | undefined;
}

const NOTHING: EarlierLines = { kept: [] };

/** The lines of a run that goes on from the checkpoint of `step`. */
async function linesUpTo(step: number, path: string, reporter: Reporter): Promise<EarlierLines> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw asFileError(error, path);
  });
  const { lines, damaged } = parseMetricLines(text);
  if (damaged.length > 0) {
    reporter.warn(`Left ${damaged.length} damaged lines out of ${path}.`);
  }
  const mark = lines.findLastIndex((line) => line.kind === 'checkpoint' && line.step === step);
  const before = mark < 0 ? lines : lines.slice(0, mark + 1);
  const after = lines.slice(before.length);
  return {
    kept: before.filter((line) => line.step <= step),
    closing: after.find((line) => line.kind === 'step' && line.step === step) as
      | StepMetrics
      | undefined,
  };
}

/** Single precision has no more than 7 digits to tell; full doubles would make the file twice as long. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
