import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { openTensorBoard, startOfSession } from '../../../training/watch/tensorboard.ts';
import { inFolder } from '../../support/in_folder.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { eventOf, readEvents } from './event_file.ts';
import { epochReport, observeSteps, stepReport } from './support.ts';

const reporter = SILENT_REPORTER;

describe('startOfSession', () => {
  it('is a tensorflow.Event with the session log status START', () => {
    assert.deepEqual(eventOf(startOfSession(3_000_000_000, 1.5)), {
      wallTime: 1.5,
      step: 3_000_000_000,
      sessionStatus: 1,
      scalars: {},
    });
  });
});

describe('openTensorBoard', () => {
  before(needsTensorFlow);

  it('writes event files whose records have the right checksums', () =>
    inFolder(async (folder) => {
      const observer = await openTensorBoard(folder, { every: 2, reporter });
      for (const step of [1, 2, 3]) {
        observer.step({
          ...stepReport(step),
          loss: step,
          accuracy: 25,
          imagesPerSecond: 512,
          waitShare: 0.125,
          learningRate: 0.5,
        });
      }
      observer.epoch({ ...epochReport(1, 3), loss: 2, accuracy: 25 });
      observer.epoch({ epoch: 2, step: 3, loss: 2, accuracy: 25 });
      await observer.end();
      const [version, start, ...points] = await readEvents(folder);
      assert.equal(version.fileVersion, 'brain.Event:2');
      assert.deepEqual([start.step, start.sessionStatus], [1, 1]);
      assert.deepEqual(
        points.map(({ step, scalars }) => [step, scalars]),
        [
          [2, { 'train/loss': 1.5 }],
          [2, { 'train/accuracy': 25 }],
          [2, { learning_rate: 0.5 }],
          [2, { images_per_second: 512 }],
          [2, { input_wait_share: 0.125 }],
          [3, { 'epoch/loss': 2 }],
          [3, { 'epoch/accuracy': 25 }],
          [3, { 'validation/loss': Math.fround(2.1) }],
          [3, { 'validation/top1': 38 }],
          [3, { 'validation/top5': 79 }],
          [3, { 'epoch/loss': 2 }],
          [3, { 'epoch/accuracy': 25 }],
          [3, { 'train/loss': 3 }],
          [3, { 'train/accuracy': 25 }],
          [3, { learning_rate: 0.5 }],
          [3, { images_per_second: 512 }],
          [3, { input_wait_share: 0.125 }],
        ],
      );
    }));

  it('has all on disk at a checkpoint', () =>
    inFolder(async (folder) => {
      const observer = await openTensorBoard(folder, { every: 1, reporter });
      observeSteps(observer, 0, 5);
      await observer.checkpoint!(5);
      const events = await readEvents(folder);
      assert.equal(events.filter(({ scalars }) => 'train/loss' in scalars).length, 5);
    }));

  it('marks where a resumed run begins, so that TensorBoard drops what came after', () =>
    inFolder(async (folder) => {
      observeSteps(await openTensorBoard(folder, { every: 1, reporter }), 0, 8);
      const resumed = await openTensorBoard(folder, { every: 1, resumedFrom: 5, reporter });
      observeSteps(resumed, 5, 6);
      await resumed.end();
      const events = await readEvents(folder);
      const starts = events.filter(({ sessionStatus }) => sessionStatus === 1);
      assert.deepEqual(
        starts.map(({ step }) => step),
        [1, 6],
      );
      const after = events.slice(events.indexOf(starts[1]) + 1);
      assert.deepEqual([...new Set(after.map(({ step }) => step))], [6]);
    }));

  it('keeps the number of tensors level', () =>
    inFolder(async (folder) => {
      const before = tf.memory().numTensors;
      const observer = await openTensorBoard(folder, { every: 1, reporter });
      const opened = tf.memory().numTensors;
      assert.equal(opened, before + 1, 'the handle of the writer');
      const native = nativeTensors();
      observeSteps(observer, 0, 2000);
      await observer.checkpoint!(2000);
      await observer.end();
      assert.equal(tf.memory().numTensors, opened);
      assert.equal(nativeTensors(), native);
    }));

  it('warns and goes on without events where the folder cannot be written', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'file');
      await writeFile(file, '');
      const listening = recordingReporter();
      const observer = await openTensorBoard(join(file, 'events'), {
        every: 1,
        reporter: listening,
      });
      observeSteps(observer, 0, 8);
      await observer.checkpoint!(8);
      await observer.end();
      assert.equal(listening.messages.length, 1);
      assert.match(listening.messages[0], /^No(?: more)? TensorBoard events are written: /);
    }));
});

describe('openTensorBoard without a writer', () => {
  it('says that there are no events', async () => {
    const listening = recordingReporter();
    const observer = await openTensorBoard('folder', {
      every: 1,
      reporter: listening,
      open: async () => undefined,
    });
    observeSteps(observer, 0, 8);
    await observer.end();
    assert.deepEqual(listening.messages, ['No TensorBoard events: they need tfjs-node.']);
  });

  it('gives up with one warning where events cannot be written any more', async () => {
    const listening = recordingReporter();
    const written: string[] = [];
    const observer = await openTensorBoard('folder', {
      every: 1,
      reporter: listening,
      open: async () => ({
        scalar: (tag, _, step) => {
          if (step === 2) throw new Error('no space left on device');
          written.push(tag);
        },
        importEvent: () => {},
        flush: () => {},
      }),
    });
    observeSteps(observer, 0, 5);
    await observer.end();
    assert.equal(written.length, 5);
    assert.deepEqual(listening.messages, [
      'No more TensorBoard events are written: no space left on device',
    ]);
  });
});

/** Tensors that libtensorflow holds for tfjs-node. */
function nativeTensors(): number {
  return (tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors();
}
