import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { openMetricsFile, readMetrics } from '../../../training/watch/metrics_file.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { epochReport, observeSteps, stepReport, timeless } from './support.ts';

const reporter = SILENT_REPORTER;

describe('metrics file', () => {
  it('holds a line for each window of steps and each epoch, rounded to single precision', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'run', 'metrics.jsonl');
      const observer = await openMetricsFile(path, { every: 2, reporter });
      for (let step = 1; step <= 3; step++) observer.step({ ...stepReport(step), loss: step / 3 });
      observer.epoch({ epoch: 1, step: 3, loss: 0.5, accuracy: 50 });
      observer.epoch(epochReport(2, 3));
      await observer.end();
      const { steps, epochs } = await readMetrics(path);
      assert.deepEqual(
        steps.map(({ step, steps: count, loss }) => [step, count, loss]),
        [
          [2, 2, 0.5],
          [3, 1, 1],
        ],
      );
      assert.equal(steps[0].accuracy, Number(steps[0].accuracy.toPrecision(7)));
      assert.ok(steps[1].time.trainedSeconds >= steps[0].time.trainedSeconds);
      assert.equal(epochs[0].validation, undefined);
      assert.deepEqual(epochs[1].validation, { loss: 1.05, top1: 63, top5: 89 });
    }));

  it('is the same whenever a run is killed and resumed, except for times', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 9 })), {
          maxLength: 4,
        }),
        (every, kills) =>
          inFolder(async (folder) => {
            const whole = join(folder, 'whole.jsonl');
            const uninterrupted = await openMetricsFile(whole, { every, reporter });
            observeSteps(uninterrupted, 0, 60);
            await uninterrupted.end();

            const path = join(folder, 'killed.jsonl');
            let resumedFrom: number | undefined;
            for (const [steps, lost] of kills) {
              const run = await openMetricsFile(path, { every, resumedFrom, reporter });
              const checkpoint: number = (resumedFrom ?? 0) + steps;
              observeSteps(run, resumedFrom ?? 0, checkpoint);
              await run.checkpoint!(checkpoint);
              // Killed in the middle of a line.
              observeSteps(run, checkpoint, checkpoint + lost);
              await appendFile(path, '{"kind":"step","step":');
              resumedFrom = checkpoint;
            }
            const last = await openMetricsFile(path, { every, resumedFrom, reporter });
            observeSteps(last, resumedFrom ?? 0, 60);
            await last.end();
            assert.deepEqual(timeless(await readMetrics(path)), timeless(await readMetrics(whole)));
          }),
      ),
      { numRuns: 10 },
    ));

  it('forgets what came after the checkpoint, also of its own step', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const run = await openMetricsFile(path, { every: 4, reporter });
      observeSteps(run, 0, 6);
      await run.checkpoint!(6);
      await run.end(); // as after Ctrl-C: the open window of steps 5 and 6 is closed
      assert.deepEqual(
        (await readMetrics(path)).steps.map((line) => line.step),
        [4, 6],
      );
      const resumed = await openMetricsFile(path, { every: 4, resumedFrom: 6, reporter });
      observeSteps(resumed, 6, 8);
      await resumed.end();
      const { steps } = await readMetrics(path);
      assert.deepEqual(
        steps.map((line) => [line.step, line.steps]),
        [
          [4, 4],
          [8, 4],
        ],
      );
    }));

  it('is as before when a run that is over is resumed', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const run = await openMetricsFile(path, { every: 4, reporter });
      observeSteps(run, 0, 6);
      await run.checkpoint!(6);
      await run.end();
      const before = await readFile(path, 'utf8');
      for (let i = 0; i < 2; i++) {
        await (await openMetricsFile(path, { every: 4, resumedFrom: 6, reporter })).end();
        assert.equal(await readFile(path, 'utf8'), before);
      }
    }));

  it('goes on from an earlier checkpoint, where the last one is lost', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const run = await openMetricsFile(path, { every: 1, reporter });
      for (const step of [3, 6, 9]) {
        observeSteps(run, step - 3, step);
        await run.checkpoint!(step);
      }
      const resumed = await openMetricsFile(path, { every: 1, resumedFrom: 6, reporter });
      assert.equal((await readMetrics(path)).steps.at(-1)!.step, 6);
      await resumed.end();
    }));

  it('goes on without a mark of the checkpoint, by steps alone', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      observeSteps(await openMetricsFile(path, { every: 2, reporter }), 0, 9);
      const resumed = await openMetricsFile(path, { every: 2, resumedFrom: 5, reporter });
      observeSteps(resumed, 5, 6);
      await resumed.end();
      const { steps } = await readMetrics(path);
      assert.deepEqual(
        steps.map((line) => [line.step, line.steps]),
        [
          [2, 2],
          [4, 2],
          [6, 1],
        ],
      );
    }));

  it('counts the time of earlier runs', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const open = { steps: 0, loss: 0, accuracy: 0, time: { perImage: 0, waitPerImage: 0 } };
      const mark = { kind: 'checkpoint', step: 5, open, time: { trainedSeconds: 1000 } };
      await writeFile(path, `${JSON.stringify(mark)}\n`);
      const resumed = await openMetricsFile(path, { every: 1, resumedFrom: 5, reporter });
      observeSteps(resumed, 5, 6);
      const { steps } = await readMetrics(path);
      assert.ok(steps[0].time.trainedSeconds >= 1000);
      await resumed.end();
    }));

  it('begins anew for a new run', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      for (let i = 0; i < 2; i++) {
        const run = await openMetricsFile(path, { every: 1, reporter });
        observeSteps(run, 0, 3);
        await run.end();
      }
      assert.equal((await readMetrics(path)).steps.length, 3);
    }));

  it('keeps figures that are no numbers', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const run = await openMetricsFile(path, { every: 1, reporter });
      run.step({ ...stepReport(1), loss: Number.NaN });
      await run.end();
      assert.deepEqual((await readMetrics(path)).steps[0].loss, Number.NaN);
    }));

  it('leaves damaged lines out when a run goes on, with a warning', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const first = await openMetricsFile(path, { every: 1, reporter });
      observeSteps(first, 0, 2);
      await appendFile(path, '\0\0\0\n{"kind":"step","step":-1}\n');
      const listening = recordingReporter();
      await openMetricsFile(path, { every: 1, resumedFrom: 2, reporter: listening });
      assert.deepEqual(listening.messages, [`Left 2 damaged lines out of ${path}.`]);
      assert.equal((await readMetrics(path)).steps.length, 2);
    }));

  it('keeps training where the disk fails, and says so', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const listening = recordingReporter();
      const run = await openMetricsFile(path, { every: 1, reporter: listening });
      await run.end();
      run.step(stepReport(1)); // no write succeeds any more
      run.step(stepReport(2));
      assert.equal(listening.messages.length, 1);
      assert.match(
        listening.messages[0],
        /^Metrics are kept back until they can be written: Expected .* open but it was closed/,
      );
    }));

  it('refuses a file that cannot be written to begin with', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'file', 'metrics.jsonl');
      await writeFile(join(folder, 'file'), '');
      for (const resumedFrom of [undefined, 3]) {
        await assert.rejects(openMetricsFile(path, { every: 1, resumedFrom, reporter }), {
          name: 'UserError',
          message: /^Expected a folder at .* but a file is in its place/,
        });
      }
    }));
});

describe('readMetrics', () => {
  it('reads while the file is written, without a last line that is not whole', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const run = await openMetricsFile(path, { every: 1, reporter });
      observeSteps(run, 0, 2);
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.slice(0, -1));
      assert.equal((await readMetrics(path)).steps.length, 1);
      await run.end();
    }));

  it('refuses a damaged line, by its number', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      observeSteps(await openMetricsFile(path, { every: 1, reporter }), 0, 2);
      await appendFile(path, 'x\n');
      await assert.rejects(readMetrics(path), {
        name: 'UserError',
        message: `Expected metrics as JSON in each line of ${path} but line 3 is damaged`,
        remedy: 'Remove the damaged lines (1).',
      });
    }));

  it('says where there are none', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      await assert.rejects(readMetrics(path), {
        name: 'UserError',
        message: `Expected the metrics of a training run at ${path} but there are none`,
        remedy: 'Give the folder of a training.',
      });
      await assert.rejects(readMetrics(folder), { name: 'UserError', message: /EISDIR/ });
    }));
});
