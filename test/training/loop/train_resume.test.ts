import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { holdOutValidation } from '../../../datasets/order/hold_out.ts';
import { train } from '../../../training/loop/train.ts';
import type { TrainOptions } from '../../../training/loop/train_options.ts';
import type { Recipe } from '../../../training/recipes/recipe.ts';
import type { EpochReport, StepReport } from '../../../training/watch/observer.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { RECIPE } from '../support.ts';
import { FakeStep } from './fake_step.ts';
import { MemoryCheckpoints } from './memory_checkpoints.ts';
import { optionsOf } from './options_of.ts';

const DATASET = holdOutValidation(
  memoryDataset({ classes: 4, images: 40, broken: [2, 17, 23] }),
  8,
  0,
);
const SHORT: Recipe = { ...RECIPE, budget: { epochs: 3 } };
const options = optionsOf({ dataset: DATASET, recipe: SHORT });

/** What a run has told, without what the clock decides. */
function recorder() {
  const told: unknown[] = [];
  return {
    told,
    step: ({ step, loss, accuracy, learningRate }: StepReport) =>
      told.push({ step, loss, accuracy, learningRate }),
    epoch: (report: EpochReport) => told.push(report),
    end: async () => {},
  };
}

/** Stops a step once it has run so often. */
class StoppingStep extends FakeStep {
  private readonly abort: AbortController;
  private left: number;

  constructor(abort: AbortController, steps: number) {
    super();
    this.abort = abort;
    this.left = steps;
  }

  override run(...args: Parameters<FakeStep['run']>) {
    const result = super.run(...args);
    if (--this.left === 0) this.abort.abort();
    return result;
  }
}

describe('a resumed training', () => {
  /** A run in processes of so many steps each; the last goes to the end. */
  async function inPieces(pieces: readonly number[]) {
    const folder = new MemoryCheckpoints();
    const observer = recorder();
    const observe = async () => observer;
    const checkpoints = { folder };
    for (const steps of pieces) {
      const abort = new AbortController();
      const step = new StoppingStep(abort, steps);
      const resume = folder.saved.at(-1);
      await train(step, options({ signal: abort.signal, observe, checkpoints, resume }));
    }
    const step = new FakeStep();
    const result = await train(
      step,
      options({ observe, checkpoints, resume: folder.saved.at(-1) }),
    );
    return { result, told: observer.told, state: step.readState() };
  }

  /** Without what the clock decides. */
  function timeless<T extends { imagesPerSecond: number; waitShare: number }>(result: T) {
    const { imagesPerSecond, waitShare, ...rest } = result;
    return rest;
  }

  it('ends as the one that was not interrupted, after whichever step it was', async () => {
    const whole = await inPieces([]);
    for (let steps = 1; steps <= whole.result.steps; steps++) {
      const pieces = await inPieces([steps]);
      assert.deepEqual(pieces.state, whole.state, `after step ${steps}`);
      assert.deepEqual(timeless(pieces.result), timeless(whole.result), `after step ${steps}`);
      assert.deepEqual(pieces.told, whole.told, `after step ${steps}`);
    }
  });

  it('ends so after any number of interruptions', async () => {
    const whole = await inPieces([]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 }), async (p) => {
        const { state, told } = await inPieces(p);
        assert.deepEqual(state, whole.state);
        assert.deepEqual(told, whole.told);
      }),
      { numRuns: 20 },
    );
  });

  it('ends so from every checkpoint that was taken on the way, as after a kill', async () => {
    const folder = new MemoryCheckpoints();
    const whole = new FakeStep();
    const result = await train(whole, options({ checkpoints: { folder, everySteps: 1 } }));
    assert.ok(folder.saved.length >= result.steps);
    for (const resume of folder.saved) {
      const step = new FakeStep();
      const resumed = await train(step, options({ resume }));
      assert.deepEqual(step.readState(), whole.readState(), `from step ${resume.step}`);
      assert.deepEqual(timeless(resumed), timeless(result), `from step ${resume.step}`);
    }
  });

  it('that is over takes no step and stores no checkpoint again', async () => {
    const folder = new MemoryCheckpoints();
    const first = await train(new FakeStep(), options({ checkpoints: { folder } }));
    assert.deepEqual(folder.steps, [first.steps]);
    const step = new FakeStep();
    const resume = folder.saved[0];
    const again = await train(step, options({ resume, checkpoints: { folder } }));
    assert.equal(step.calls.length, 0);
    assert.deepEqual(again.epochs, first.epochs);
    assert.deepEqual(folder.steps, [first.steps]);
  });

  it('counts the time of the processes before it', async () => {
    let seconds = 0;
    class Slow extends StoppingStep {
      override run(...args: Parameters<FakeStep['run']>) {
        seconds += 10;
        return super.run(...args);
      }
    }
    const folder = new MemoryCheckpoints();
    const recipe: Recipe = { ...SHORT, budget: { minutes: 1 } };
    const rates: number[] = [];
    for (const steps of [4, 100]) {
      seconds += 1000; // between processes
      const abort = new AbortController();
      const step = new Slow(abort, steps);
      await train(
        step,
        options({
          recipe,
          signal: abort.signal,
          now: () => 1000 * seconds,
          checkpoints: { folder },
          resume: folder.saved.at(-1),
        }),
      );
      rates.push(...step.calls.map(({ learningRate }) => learningRate));
    }
    const { initial } = recipe.learningRate;
    assert.deepEqual(
      rates,
      [0, 1, 2, 3, 4, 5].map(
        (step) => (initial / 2) * (1 + Math.cos(Math.PI * ((10 * step) / 60))),
      ),
    );
  });

  it('whose time ran out in an epoch ends that epoch', async () => {
    let now = 0;
    const folder = new MemoryCheckpoints();
    const recipe: Recipe = { ...SHORT, budget: { minutes: 1 } };
    const abort = new AbortController();
    const common = { recipe, now: () => now, checkpoints: { folder } };
    class Late extends StoppingStep {
      override run(...args: Parameters<FakeStep['run']>) {
        now = 60_000;
        return super.run(...args);
      }
    }
    const { interrupted } = await train(
      new Late(abort, 1),
      options({ ...common, signal: abort.signal }),
    );
    assert.equal(interrupted, true);
    const step = new FakeStep();
    const result = await train(step, options({ ...common, resume: folder.saved[0] }));
    assert.deepEqual([step.calls.length, result.epochs.length], [0, 1]);
    assert.ok(result.epochs[0].validation);
  });

  describe('of another run', () => {
    let resume: TrainOptions['resume'];

    before(async () => {
      const folder = new MemoryCheckpoints();
      await train(new FakeStep(), options({ checkpoints: { folder } }));
      resume = folder.saved[0];
    });

    const others: [Partial<TrainOptions>, message: string][] = [
      [{ seed: 4 }, 'Expected 3 for seed, as when the run was begun, but received 4'],
      [
        { recipe: { ...SHORT, learningRate: { schedule: 'cosine', initial: 0.02 } } },
        'Expected 0.01 for recipe.learningRate.initial, as when the run was begun, but received 0.02',
      ],
      [
        { recipe: { ...SHORT, budget: { minutes: 2 } } },
        'Expected 3 for recipe.budget.epochs, as when the run was begun, but received nothing',
      ],
      [
        { recipe: { ...SHORT, movingAverageDecay: 0.9 } },
        'Expected nothing for recipe.movingAverageDecay, as when the run was begun, but received 0.9',
      ],
      [
        { teacher: 'b7d1' },
        'Expected nothing for teacher, as when the run was begun, but received "b7d1"',
      ],
      [
        { network: 'other' },
        'Expected "MobilenetV1_tiny" for network, as when the run was begun, but received "other"',
      ],
      [{ limit: 16 }, 'Expected 32 for imagesPerEpoch, as when the run was begun, but received 16'],
    ];
    for (const [changes, message] of others) {
      it(`is refused, untouched: ${Object.keys(changes)} ${message.split(' ')[3]}`, async () => {
        const step = new FakeStep();
        const reporter = recordingReporter();
        const observe = () => assert.fail('nobody is to watch');
        await assert.rejects(train(step, options({ reporter, observe, ...changes, resume })), {
          name: 'UserError',
          message,
          remedy: 'Go on with the options of the run, or train anew into another folder.',
        });
        assert.equal(step.calls.length, 0);
        assert.deepEqual(reporter.messages, []);
      });
    }

    it('is refused: a state of another version', async () => {
      const other = { ...resume!, state: { ...(resume!.state as object), version: 2 } };
      await assert.rejects(train(new FakeStep(), options({ resume: other })), {
        name: 'UserError',
        message: /^Expected the state of a training in the checkpoint but: version: /,
        remedy: 'It is that of another version: train anew, into another folder.',
      });
    });
  });
});

describe('checkpoints of a training', () => {
  const dataset = memoryDataset({ classes: 4, images: 32 }); // 4 steps an epoch

  it('are taken every so many steps, and at the end', async () => {
    const folder = new MemoryCheckpoints();
    const recipe: Recipe = { ...SHORT, budget: { epochs: 2 } };
    await train(
      new FakeStep(),
      options({ dataset, recipe, checkpoints: { folder, everySteps: 3 } }),
    );
    assert.deepEqual(folder.steps, [3, 6, 8]);
  });

  it('are taken every so many seconds', async () => {
    let seconds = 0;
    class Slow extends FakeStep {
      override run(...args: Parameters<FakeStep['run']>) {
        seconds += 10;
        return super.run(...args);
      }
    }
    const folder = new MemoryCheckpoints();
    const checkpoints = { folder, everySeconds: 25 };
    const recipe: Recipe = { ...SHORT, budget: { epochs: 2 } };
    await train(new Slow(), options({ dataset, recipe, checkpoints, now: () => 1000 * seconds }));
    assert.deepEqual(folder.steps, [3, 6, 8]);
  });

  it('come after what the observer has to store', async () => {
    const events: string[] = [];
    const folder = new MemoryCheckpoints();
    const save = folder.save.bind(folder);
    folder.save = async (checkpoint) => {
      events.push(`save ${checkpoint.step}`);
      await save(checkpoint);
    };
    const observer = {
      ...recorder(),
      checkpoint: async (step: number) => {
        await Promise.resolve();
        events.push(`observed ${step}`);
      },
    };
    const recipe: Recipe = { ...SHORT, budget: { epochs: 1 } };
    await train(
      new FakeStep(),
      options({
        dataset,
        recipe,
        observe: async () => observer,
        checkpoints: { folder, everySteps: 2 },
      }),
    );
    assert.deepEqual(events, ['observed 2', 'save 2', 'observed 4', 'save 4']);
  });

  it('end the training at the first that cannot be stored, and the one before it stays', async () => {
    const folder = new MemoryCheckpoints();
    const save = folder.save.bind(folder);
    folder.save = async (checkpoint) => {
      if (checkpoint.step > 2) folder.failures = 1;
      await save(checkpoint);
    };
    const step = new FakeStep();
    await assert.rejects(
      train(step, options({ dataset, checkpoints: { folder, everySteps: 2 } })),
      {
        name: 'CheckpointFailure',
        message: 'The checkpoint of step 4 could not be stored: the disk is full',
        remedy:
          'Mend what kept it from being written. The last good checkpoint, of step 2, is kept in models/small/checkpoints. Then go on from it with `resume: true`.',
      },
    );
    assert.deepEqual(folder.steps, [2]);
    assert.ok(step.calls.length < 12, `${step.calls.length} steps`);
  });

  it('are a warning where the last, of a training that is done, cannot be stored', async () => {
    const reporter = recordingReporter();
    const folder = new MemoryCheckpoints();
    folder.failures = 1;
    const recipe: Recipe = { ...SHORT, budget: { epochs: 2 } };
    const { steps } = await train(
      new FakeStep(),
      options({ dataset, recipe, reporter, checkpoints: { folder, everySteps: 100 } }),
    );
    assert.equal(steps, 8);
    assert.deepEqual(folder.steps, []);
    assert.deepEqual(reporter.messages, [
      'The checkpoint of step 8 could not be stored: the disk is full',
    ]);
  });

  it('never stop the training: one that is slow delays the next', async () => {
    let finishSave = () => {};
    const folder = new MemoryCheckpoints();
    const save = folder.save.bind(folder);
    folder.save = async (checkpoint) => {
      if (checkpoint.step === 1) {
        await new Promise<void>((resolve) => {
          finishSave = resolve;
        });
      }
      await save(checkpoint);
    };
    class Finishing extends FakeStep {
      override run(...args: Parameters<FakeStep['run']>) {
        if (this.calls.length === 5) finishSave();
        return super.run(...args);
      }
    }
    const recipe: Recipe = { ...SHORT, budget: { epochs: 2 } };
    await train(
      new Finishing(),
      options({ dataset, recipe, checkpoints: { folder, everySteps: 1 } }),
    );
    assert.deepEqual(folder.steps, [1, 6, 7, 8]);
  });

  it('are named, the last good one, where the training diverges', async () => {
    const folder = new MemoryCheckpoints();
    const step = new FakeStep({ weightAt: (count) => (count === 4 ? Infinity : 1) });
    await assert.rejects(
      train(step, options({ dataset, checkpoints: { folder, everySteps: 2 } })),
      {
        name: 'DivergenceError',
        message: /^Training diverged: weight holds Infinity after step 4 of 12, at /,
        remedy:
          'Train anew with a lower learning rate, into another folder. The last good checkpoint, of step 2, is kept in models/small/checkpoints.',
      },
    );
    assert.deepEqual(folder.steps, [2]);
  });

  it('are named where the last good one is still being written when the training diverges', async () => {
    const folder = new MemoryCheckpoints();
    const save = folder.save.bind(folder);
    folder.save = async (checkpoint) => {
      await sleep(30);
      await save(checkpoint);
    };
    const step = new FakeStep({ lossAt: (count) => (count === 3 ? Number.NaN : 1) });
    await assert.rejects(
      train(step, options({ dataset, checkpoints: { folder, everySteps: 2 } })),
      {
        message: /^Training diverged: the loss is NaN at step 3 of 12, at /,
        remedy: /The last good checkpoint, of step 2, is kept in /,
      },
    );
  });
});
