import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STANDARD } from '../../../architectures/variants.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import {
  type ChooseOptions,
  chooseOneDnn,
  type TrainingJob,
} from '../../../training/one_dnn/choose_one_dnn.ts';
import type { StepShape } from '../../../training/one_dnn/step_shape.ts';
import { readTrials } from '../../../training/one_dnn/trials.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

const SHAPE: StepShape = {
  config: {
    network: 'mobilenet_v1',
    variant: STANDARD,
    widthMultiplier: 0.25,
    resolution: 32,
    classes: 10,
  },
  batchSize: 8,
  distilled: false,
};

/** An hour or so. */
const LONG: TrainingJob = { shape: SHAPE, length: { images: 1_000_000 } };

const ZEN3 = { model: 'Zen 3', cores: 2, features: ['AVX2', 'FMA'] };

/** Trials that give 100 images per second with oneDNN and `off` without, and how many were made. */
function trials(cacheDir: string, off: number) {
  const tried: boolean[] = [];
  const options: ChooseOptions = {
    cacheDir,
    reporter: SILENT_REPORTER,
    signal: new AbortController().signal,
    own: () => undefined,
    processor: ZEN3,
    measure: async (_, oneDnn) => {
      tried.push(oneDnn);
      return oneDnn ? 100 : off;
    },
  };
  return { tried, options };
}

describe('chooseOneDnn', () => {
  it("takes the user's own setting without a trial", () =>
    inFolder(async (folder) => {
      const { tried, options } = trials(folder, 200);
      const choose = (own: boolean) => chooseOneDnn(LONG, { ...options, own: () => own });
      assert.deepEqual(await choose(false), { on: false, reason: 'user' });
      assert.deepEqual(await choose(true), { on: true, reason: 'user' });
      assert.deepEqual(tried, []);
    }));

  it('is on without a trial where the processor has AVX-512 VNNI', () =>
    inFolder(async (folder) => {
      const { tried, options } = trials(folder, 200);
      const processor = { ...ZEN3, features: ['AVX2', 'AVX-512 VNNI'] };
      assert.deepEqual(await chooseOneDnn(LONG, { ...options, processor }), {
        on: true,
        reason: 'vnni',
      });
      assert.deepEqual(tried, []);
    }));

  for (const off of [50, 200]) {
    it(`takes the faster of the two: 100 images/s with, ${off} without`, () =>
      inFolder(async (folder) => {
        const { tried, options } = trials(folder, off);
        assert.deepEqual(await chooseOneDnn(LONG, options), {
          on: off < 100,
          reason: 'trial',
          imagesPerSecond: { on: 100, off },
        });
        assert.deepEqual(tried, [true, false]);
      }));
  }

  it('tries once for a machine and shape', () =>
    inFolder(async (folder) => {
      const { tried, options } = trials(folder, 200);
      const first = await chooseOneDnn(LONG, options);
      assert.deepEqual(await chooseOneDnn(LONG, options), first);
      assert.equal(tried.length, 2);
      await chooseOneDnn({ ...LONG, shape: { ...SHAPE, batchSize: 16 } }, options);
      assert.equal(tried.length, 4);
      await chooseOneDnn(LONG, { ...options, processor: { ...ZEN3, cores: 4 } });
      assert.equal(tried.length, 6);
      assert.deepEqual(await chooseOneDnn(LONG, options), first);
    }));

  it('tries again where the file of trials is damaged', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'one-dnn.json'), '{"a":');
      const { tried, options } = trials(folder, 50);
      assert.equal((await chooseOneDnn(LONG, options)).reason, 'trial');
      assert.equal(tried.length, 2);
    }));

  it('tries nothing for a training that a trial would be a tenth of and more', () =>
    inFolder(async (folder) => {
      const { tried, options } = trials(folder, 200);
      for (const length of [{ images: 5_000 }, { seconds: 60 }]) {
        const job = { shape: SHAPE, length };
        assert.deepEqual(await chooseOneDnn(job, options), { on: true, reason: 'noVnni' });
      }
      assert.deepEqual(tried, []);
      assert.equal(
        (await chooseOneDnn({ shape: SHAPE, length: { seconds: 3600 } }, options)).on,
        false,
      );
    }));

  it('takes what an earlier trial found for a short training too', () =>
    inFolder(async (folder) => {
      const { tried, options } = trials(folder, 200);
      const long = await chooseOneDnn(LONG, options);
      assert.deepEqual(await chooseOneDnn({ shape: SHAPE, length: { images: 1 } }, options), long);
      assert.equal(tried.length, 2);
    }));

  it('keeps for people what was tried', () =>
    inFolder(async (folder) => {
      await chooseOneDnn(LONG, trials(folder, 123.456).options);
      assert.deepEqual(Object.values(await readTrials(folder)), [
        {
          on: 100,
          off: 123.5,
          network: 'mobilenet_v1 standard of width 0.25 at 32 × 32, batches of 8',
        },
      ]);
    }));

  it('leaves oneDNN on, with a warning, where no trial can be made', () =>
    inFolder(async (folder) => {
      const reporter = recordingReporter();
      const { options } = trials(folder, 50);
      const measure = () => Promise.reject(new Error('no memory'));
      assert.deepEqual(await chooseOneDnn(LONG, { ...options, reporter, measure }), {
        on: true,
        reason: 'noVnni',
      });
      assert.equal(reporter.messages.at(-1), 'oneDNN is on: no trial could be made (no memory)');
    }));

  it('ends with the reason of its signal when aborted', () =>
    inFolder(async (folder) => {
      const abort = new AbortController();
      const { options } = trials(folder, 50);
      const measure = async () => {
        abort.abort(new Error('enough'));
        throw new Error('ended');
      };
      await assert.rejects(
        chooseOneDnn(LONG, { ...options, signal: abort.signal, measure }),
        /^Error: enough$/,
      );
    }));
});
