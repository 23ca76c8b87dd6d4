import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMetrics } from '../../../training/watch/metrics_file.ts';
import { WATCHED } from '../../../workflows/outputs/training_files.ts';
import { watchRun } from '../../../workflows/train/watch_run.ts';
import { inFolder } from '../../support/in_folder.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { observeSteps, timeless } from '../../training/watch/support.ts';

describe('watchRun', () => {
  before(needsTensorFlow);

  const watch = async (folder: string, from: number | undefined, to: number) => {
    const reporter = recordingReporter();
    const options = { title: 'a network', steps: 21, resumedFrom: from, reporter };
    const observer = await watchRun(folder, options);
    observeSteps(observer, from ?? 0, to);
    return { observer, messages: reporter.messages };
  };

  it('leaves metrics, events and a figure, which a resumed run has in common with a whole one', () =>
    inFolder(async (folder) => {
      const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
      const first = await watch(whole, undefined, 21);
      await first.observer.end();
      assert.deepEqual(first.messages, []);
      assert.deepEqual((await readdir(whole)).sort(), Object.values(WATCHED).sort());

      const run = await watch(killed, undefined, 10);
      await run.observer.checkpoint!(10);
      observeSteps(run.observer, 10, 15);
      const resumed = await watch(killed, 10, 21);
      await resumed.observer.end();
      const [a, b] = [whole, killed].map((run) => readMetrics(join(run, WATCHED.metrics)));
      assert.deepEqual(timeless(await b), timeless(await a));
      const [c, d] = [whole, killed].map((run) => readFile(join(run, WATCHED.curve), 'utf8'));
      assert.equal(await d, await c);
    }));

  it('takes the figure of an earlier run away', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, WATCHED.curve), 'of a run before');
      const { observer } = await watch(folder, undefined, 0);
      assert.ok(!(await readdir(folder)).includes(WATCHED.curve));
      await observer.end();
      assert.ok(!(await readdir(folder)).includes(WATCHED.curve)); // no step, no figure
    }));

  it('warns where the figure cannot be written', () =>
    inFolder(async (folder) => {
      const { observer, messages } = await watch(folder, undefined, 3);
      await mkdir(join(folder, WATCHED.curve));
      await observer.end();
      assert.match(
        messages.join('\n'),
        /^The training curve could not be drawn: Expected a regular file to write/,
      );
    }));
});
