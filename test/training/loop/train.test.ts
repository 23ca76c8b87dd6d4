import assert from 'node:assert/strict';
import { holdOutValidation } from '../../../datasets/order/hold_out.ts';
import { deriveSeed } from '../../../foundation/hashes/derive_seed.ts';
import { type Reporter, SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { train } from '../../../training/loop/train.ts';
import type { TrainOptions, TrainResult } from '../../../training/loop/train_options.ts';
import type { Recipe } from '../../../training/recipes/recipe.ts';
import type { EpochReport, StepReport } from '../../../training/watch/observer.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { RECIPE } from '../support.ts';
import { abortingReporter } from './aborting_reporter.ts';
import { FakeStep } from './fake_step.ts';
import { optionsOf } from './options_of.ts';

const CLASSES = 4;
const DATASET = memoryDataset({ classes: CLASSES, images: 16 });
const SHORT: Recipe = { ...RECIPE, budget: { epochs: 2 } };
const options = optionsOf({ dataset: DATASET, recipe: SHORT });

async function trained(changes: Partial<TrainOptions> = {}, step = new FakeStep()) {
  return { step, result: await train(step, options(changes)) };
}

describe('train', () => {
  it('goes through all images once an epoch, in an order of its own for each', async () => {
    const { step, result } = await trained();
    const epochs = [step.calls.slice(0, 2), step.calls.slice(2)].map((calls) =>
      calls.flatMap(({ names }) => names),
    );
    const all = Array.from({ length: 16 }, (_, index) => `train/${index}`).sort();
    for (const names of epochs) assert.deepEqual([...names].sort(), all);
    assert.notDeepEqual(epochs[0], epochs[1]);
    assert.deepEqual([result.steps, result.epochs.length, result.interrupted], [4, 2, false]);
  });

  it('gives each step its count, its learning rate and a dropout seed of its own', async () => {
    const { step } = await trained();
    const { initial } = SHORT.learningRate;
    step.calls.forEach((call, index) => {
      assert.equal(call.step, index);
      assert.equal(call.learningRate, (initial / 2) * (1 + Math.cos((Math.PI * index) / 4)));
      assert.equal(call.seed, deriveSeed(3, 'dropout', index));
    });
  });

  it('asks for images in the recipe’s size, augmented by a seed of each epoch', async () => {
    const asked: unknown[] = [];
    const dataset: TrainOptions['dataset'] = {
      ...DATASET,
      batches(batchOptions) {
        const { resolution, augmentation, augmentationSeed } = batchOptions;
        asked.push({ resolution, augmentation, augmentationSeed });
        return DATASET.batches(batchOptions);
      },
    };
    const recipe: Recipe = { ...SHORT, augmentation: { kind: 'flip-crop', padding: 2 } };
    await trained({ dataset, recipe });
    const { resolution, augmentation } = recipe;
    assert.deepEqual(
      asked,
      [0, 1].map((epoch) => ({
        resolution,
        augmentation,
        augmentationSeed: deriveSeed(3, 'augmentation', epoch),
      })),
    );
  });

  it('sums up an epoch by its images, and reports each step and epoch in order', async () => {
    const reports: (StepReport | EpochReport)[] = [];
    let ends = 0;
    const observer = {
      step: (report: StepReport) => reports.push(report),
      epoch: (report: EpochReport) => reports.push(report),
      end: async () => {
        ends++;
      },
    };
    const dataset = memoryDataset({ classes: CLASSES, images: 24 }); // 16 and 8
    const recipe: Recipe = { ...SHORT, batchSize: 16, budget: { epochs: 1 } };
    const { result } = await trained({ dataset, recipe, observe: async () => observer });
    const loss = (2 * 16 + 1 * 8) / 24; // the fake's losses: 2 and 1
    assert.equal(result.epochs[0].loss, loss);
    const [first, second, epoch] = reports as [StepReport, StepReport, EpochReport];
    assert.deepEqual([first.step, first.loss, second.step, second.loss], [1, 2, 2, 1]);
    const right = (first.accuracy * 16 + second.accuracy * 8) / 24;
    assert.ok(Math.abs(epoch.accuracy - right) < 1e-9);
    assert.deepEqual(epoch, { epoch: 1, step: 2, ...result.epochs[0] });
    assert.ok(first.imagesPerSecond > 0 && first.waitShare >= 0 && first.waitShare <= 1);
    assert.equal(ends, 1);
  });

  it('takes `limit` images an epoch', async () => {
    const { result } = await trained({ limit: 8 });
    assert.deepEqual([result.steps, result.imagesPerEpoch], [2, 8]);
  });

  it('leaves out a last batch of fewer than 8 images unless it is the only one', async () => {
    const reporter = recordingReporter();
    const recipe: Recipe = { ...SHORT, batchSize: 10 };
    const steps = async (limit: number) => {
      const { result } = await trained({ limit, recipe, reporter });
      return [result.steps, result.imagesPerEpoch];
    };
    assert.deepEqual(await steps(16), [2, 10]); // of 10 and 6
    assert.equal(reporter.work[0].done, 20);
    assert.deepEqual(await steps(6), [2, 6]);
    const dataset = memoryDataset({ classes: CLASSES, images: 20, broken: [3, 5, 7] });
    const { result } = await trained({ dataset, recipe }); // 10 and, 3 of them broken, 7
    assert.deepEqual([result.steps, result.imagesPerEpoch], [2, 20]);
  });

  it('takes whole batches of fewer than 8 images', async () => {
    const { result } = await trained({ limit: 5, recipe: { ...SHORT, batchSize: 2 } });
    assert.deepEqual([result.steps, result.imagesPerEpoch], [4, 4]);
  });

  it('takes every seed below 2³²', async () => {
    const { result } = await trained({ seed: 2 ** 32 - 1, limit: 8 });
    assert.equal(result.steps, 2);
  });

  it('names an image that cannot be read once, counts it and is not interrupted by it', async () => {
    const reporter = recordingReporter();
    const broken = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const dataset = memoryDataset({ classes: CLASSES, images: 16, broken });
    const { result } = await trained({ dataset, reporter });
    assert.equal(result.skipped, broken.length);
    assert.equal(result.interrupted, false);
    assert.deepEqual(
      [...reporter.messages].sort(),
      broken.map((index) => `skipped train/${index}: broken for a test`),
    );
  });

  for (const budget of [{ epochs: 2 }, { minutes: 5 }]) {
    it(`refuses a data set of which no image can be read (${Object.keys(budget)})`, async () => {
      const dataset = memoryDataset({ classes: CLASSES, images: 2, broken: [0, 1] });
      await assert.rejects(trained({ dataset, recipe: { ...SHORT, budget } }), {
        name: 'UserError',
        message: 'Expected at least one training image of synthetic but 2 of 2 could not be read',
      });
    });
  }

  it('ends its report and its observer once, after a failure too', async () => {
    const reporter = recordingReporter();
    let ends = 0;
    const observe = async () => ({
      step() {},
      epoch() {},
      end: async () => {
        ends++;
      },
    });
    await trained({ reporter, observe });
    const broken = new FakeStep({ lossAt: () => Number.NaN });
    await assert.rejects(trained({ reporter, observe }, broken));
    assert.deepEqual(
      reporter.work.map((work) => work.ends),
      [1, 1],
    );
    assert.equal(reporter.work[0].done, 32);
    assert.equal(ends, 2);
  });

  it('warns where the observer cannot end', async () => {
    const reporter = recordingReporter();
    const end = () => Promise.reject(new Error('no room'));
    await trained({ reporter, observe: async () => ({ step() {}, epoch() {}, end }) });
    assert.deepEqual(reporter.messages, ['The metrics could not be completed: no room']);
  });

  it('says epoch, loss, accuracy and learning rate while it trains', async () => {
    const details: (string | undefined)[] = [];
    const reporter: Reporter = {
      ...SILENT_REPORTER,
      start: () => ({ update: (_, detail) => details.push(detail), end() {} }),
    };
    await trained({ reporter, limit: 8 });
    assert.match(details[0]!, /^loss 2\.000, accuracy [\d.]+ %, epoch 1\/2, learning rate 0\.010$/);
  });

  describe('with images held out', () => {
    const dataset = holdOutValidation(memoryDataset({ classes: CLASSES, images: 24 }), 8, 0);

    it('measures after each epoch what is never trained on', async () => {
      const { step, result } = await trained({ dataset });
      const trainedOn = new Set(step.calls.flatMap(({ names }) => names));
      assert.deepEqual([trainedOn.size, result.validationImages], [16, 8]);
      for (const { validation } of result.epochs) {
        assert.ok(validation!.loss > 0);
        assert.ok(validation!.top1 <= validation!.top5 && validation!.top5 <= 100);
      }
    });

    it('keeps the best: of equal accuracies that of the smaller loss', async () => {
      const kept: TrainResult[] = [];
      const keepBest = async (soFar: TrainResult) => {
        kept.push(soFar);
      };
      const recipe: Recipe = { ...SHORT, budget: { epochs: 12 } };
      const { result } = await trained({ dataset, recipe, keepBest });
      const measured = result.epochs.map(({ validation }, index) => ({
        epoch: index + 1,
        ...validation!,
      }));
      const inOrder = [...measured].sort((a, b) => b.top1 - a.top1 || a.loss - b.loss);
      assert.equal(result.best!.epoch, inOrder[0].epoch);
      assert.equal(result.best!.step, 2 * inOrder[0].epoch);
      assert.deepEqual(kept.at(-1)!.best, result.best);
      assert.equal(kept.at(-1)!.epochs.length, result.best!.epoch);
      assert.ok(kept.length > 1 && kept.length < 12, `${kept.length} times`);
    });

    it('goes on with a warning where the best cannot be stored, and has none then', async () => {
      const reporter = recordingReporter();
      const keepBest = () => Promise.reject(new Error('no room'));
      const { result } = await trained({ dataset, reporter, keepBest });
      assert.equal(result.best, undefined);
      assert.deepEqual(
        new Set(reporter.messages),
        new Set(['The best network so far could not be stored: no room']),
      );
    });

    it('goes without a measurement where none of them can be read', async () => {
      const unreadable: TrainOptions['dataset'] = {
        ...dataset,
        batches: (batchOptions) =>
          dataset.batches({
            ...batchOptions,
            ...(batchOptions.split === 'validation' && { among: new Uint32Array() }),
          }),
      };
      const { result } = await trained({ dataset: unreadable });
      assert.deepEqual(
        result.epochs.map(({ validation }) => validation),
        [undefined, undefined],
      );
    });
  });

  describe('that diverges', () => {
    it('stops, naming step and learning rate', async () => {
      for (const loss of [Number.NaN, Infinity, 1e9]) {
        const step = new FakeStep({ lossAt: (count) => (count === 3 ? loss : 1) });
        await assert.rejects(trained({}, step), {
          name: 'DivergenceError',
          message: `Training diverged: the loss is ${loss} at step 3 of 4, at learning rate 0.005`,
          remedy: 'Train anew with a lower learning rate, into another folder.',
        });
        assert.equal(step.calls.length, 3);
      }
    });

    it('says so where the last update breaks a weight', async () => {
      const step = new FakeStep({ weightAt: (count) => (count === 4 ? Number.NaN : 1) });
      await assert.rejects(trained({}, step), {
        message: /^Training diverged: weight holds NaN after step 4 of 4, at learning rate 0\.0014/,
      });
    });

    it('says so where the network after the last update loses beyond measure', async () => {
      class Overflowing extends FakeStep {
        override predict(...args: Parameters<FakeStep['predict']>): Float32Array {
          return super.predict(...args).map((logit) => 1e20 * logit);
        }
      }
      await assert.rejects(trained({}, new Overflowing()), {
        message: /^Training diverged: the loss is \d\S+ after step 4 of 4, at /,
      });
    });

    it('says so where the images held out lose beyond measure', async () => {
      class Broken extends FakeStep {
        override predict(...args: Parameters<FakeStep['predict']>): Float32Array {
          return super.predict(...args).fill(Number.NaN);
        }
      }
      const dataset = holdOutValidation(DATASET, 8, 0);
      await assert.rejects(trained({ dataset }, new Broken()), {
        message: /^Training diverged: the loss is NaN in validation after step 1 of 2, at /,
      });
    });
  });

  describe('that is aborted', () => {
    it('stops after the step in progress', async () => {
      const abort = new AbortController();
      const { result } = await trained({
        signal: abort.signal,
        reporter: abortingReporter(abort, RECIPE.batchSize),
      });
      assert.equal(result.interrupted, true);
      assert.equal(result.steps, 1);
      assert.equal(result.epochs.length, 1);
    });

    it('takes no step when it was aborted before', async () => {
      const { result } = await trained({ signal: AbortSignal.abort() });
      assert.deepEqual([result.interrupted, result.steps, result.epochs.length], [true, 0, 0]);
    });
  });

  describe('by the clock', () => {
    const recipe: Recipe = { ...SHORT, budget: { minutes: 1 } };

    /** Each step takes 10 seconds; nothing else takes any time. */
    async function byTheClock(changes: Partial<TrainOptions> = {}) {
      let seconds = 0;
      class Slow extends FakeStep {
        override run(...args: Parameters<FakeStep['run']>) {
          seconds += 10;
          return super.run(...args);
        }
      }
      return trained({ recipe, now: () => 1000 * seconds, ...changes }, new Slow());
    }

    it('trains until the time is over, within an epoch too', async () => {
      const dataset = memoryDataset({ classes: CLASSES, images: 32 }); // epochs of 4 steps
      const { result } = await byTheClock({ dataset });
      assert.deepEqual([result.steps, result.epochs.length, result.interrupted], [6, 2, false]);
    });

    it('lets the learning rate follow the time', async () => {
      const { step } = await byTheClock();
      step.calls.forEach(({ learningRate }, index) => {
        const { initial } = recipe.learningRate;
        assert.equal(learningRate, (initial / 2) * (1 + Math.cos(Math.PI * ((10 * index) / 60))));
      });
    });

    it('measures images per second over the steps and their waits', async () => {
      const { result } = await byTheClock();
      assert.deepEqual([result.imagesPerSecond, result.waitShare], [8 / 10, 0]);
    });

    it('says how much of the time is over', async () => {
      const details: (string | undefined)[] = [];
      const reporter: Reporter = {
        ...SILENT_REPORTER,
        start: (_, total) => {
          assert.equal(total, 0);
          return { update: (_done, detail) => details.push(detail), end() {} };
        },
      };
      await byTheClock({ reporter });
      assert.match(details[2]!, /, epoch 2, 0\.3 of 1 min, learning rate /);
    });
  });
});
