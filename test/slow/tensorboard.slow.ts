import assert from 'node:assert/strict';
import { UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { pythonEnvironment, TENSORFLOW } from '../../foundation/python/python_environment.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { openTensorBoard } from '../../training/watch/tensorboard.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { skip } from '../support/skip.ts';
import { epochReport, stepReport } from '../training/watch/support.ts';

/** Prints what TensorBoard reads in a folder, as {tag: [[step, value], …]}. */
const READ_EVENTS = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, SCALARS
events = EventAccumulator(sys.argv[1], size_guidance={SCALARS: 0}).Reload()
tags = events.Tags()["scalars"]
print("events", json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags}))
`;

type Scalars = Readonly<Record<string, readonly (readonly [step: number, value: number])[]>>;

const reporter = SILENT_REPORTER;
const steps = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => stepReport(from + 1 + index));

describe("TensorBoard's own reader", function () {
  this.timeout(15 * 60_000);
  let python: string;

  before(async function () {
    await needsTensorFlow.call(this);
    const { signal } = new AbortController();
    try {
      python = await pythonEnvironment(TENSORFLOW, { cacheDir: cacheDir(), reporter, signal });
    } catch (error) {
      if (error instanceof UserError) skip(this, error.message);
      throw error;
    }
  });

  async function readEvents(folder: string): Promise<Scalars> {
    const { exitCode, output } = await runCommand(python, ['-I', '-c', READ_EVENTS, folder]);
    assert.equal(exitCode, 0, output);
    return JSON.parse(/^events (.*)$/m.exec(output)![1]) as Scalars;
  }

  it('reads what was written, of every tag, step and value', () =>
    inFolder(async (folder) => {
      const reports = steps(0, 50);
      const epochs = [epochReport(1, 25), epochReport(2, 50)];
      const observer = await openTensorBoard(folder, { every: 1, reporter });
      for (const report of reports) {
        observer.step(report);
        const epoch = epochs.find(({ step }) => step === report.step);
        if (epoch) observer.epoch(epoch);
      }
      await observer.end();
      const series = <Report extends { readonly step: number }>(
        of: readonly Report[],
        value: (report: Report) => number,
      ) => of.map((report) => [report.step, Math.fround(value(report))]);
      const { images_per_second, input_wait_share, ...scalars } = await readEvents(folder);
      assert.deepEqual(scalars, {
        'train/loss': series(reports, ({ loss }) => loss),
        'train/accuracy': series(reports, ({ accuracy }) => accuracy),
        learning_rate: series(reports, ({ learningRate }) => learningRate),
        'epoch/loss': series(epochs, ({ loss }) => loss),
        'epoch/accuracy': series(epochs, ({ accuracy }) => accuracy),
        'validation/loss': series(epochs, ({ validation }) => validation!.loss),
        'validation/top1': series(epochs, ({ validation }) => validation!.top1),
        'validation/top5': series(epochs, ({ validation }) => validation!.top5),
      });
      // Computed anew from the time of each window: equal except for the last digits.
      for (const [written, read] of [
        [series(reports, (report) => report.imagesPerSecond), images_per_second],
        [series(reports, (report) => report.waitShare), input_wait_share],
      ] as const) {
        assert.deepEqual(
          read.map(([step]) => step),
          written.map(([step]) => step),
        );
        read.forEach(([step, value], index) => {
          const expected = written[index][1];
          assert.ok(Math.abs(value - expected) <= 1e-6 * expected, `step ${step}: ${value}`);
        });
      }
    }));

  it('drops the steps that a crash orphaned when the run goes on from a checkpoint', () =>
    inFolder(async (folder) => {
      for (const { resumedFrom, to } of [
        { resumedFrom: 0, to: 30 },
        { resumedFrom: 20, to: 40 },
      ]) {
        const observer = await openTensorBoard(folder, { every: 1, resumedFrom, reporter });
        for (const report of steps(resumedFrom, to)) observer.step(report);
        await observer.end();
      }
      const read = (await readEvents(folder))['train/loss'];
      assert.deepEqual(
        read,
        steps(0, 40).map(({ step, loss }) => [step, Math.fround(loss)]),
      );
    }));
});
