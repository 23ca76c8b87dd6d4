import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type LearningRate, learningRateAt } from '../../../training/recipes/learning_rate.ts';
import { SLIM_IMAGENET } from '../../../training/recipes/recipes.ts';

const initial = fc.double({ min: 1e-6, max: 10, noNaN: true });
const schedules: fc.Arbitrary<LearningRate> = fc.oneof(
  fc.record({ schedule: fc.constant('constant' as const), initial }),
  fc.record({ schedule: fc.constant('cosine' as const), initial }),
  fc.record({
    schedule: fc.constant('staircase' as const),
    initial,
    factor: fc.double({ min: 0.01, max: 1, noNaN: true }),
    everyEpochs: fc.double({ min: 0.1, max: 100, noNaN: true }),
  }),
);
const share = fc.double({ min: 0, max: 1, noNaN: true });
const epochs = fc.double({ min: 0, max: 500, noNaN: true });

describe('learningRateAt', () => {
  it('begins at the initial rate', () => {
    fc.assert(
      fc.property(schedules, (learningRate) => {
        const rate = learningRateAt(learningRate, { epochs: 0, share: 0 });
        assert.equal(rate, learningRate.initial);
      }),
    );
  });

  it('is never negative, never above the initial rate and never rises', () => {
    fc.assert(
      fc.property(schedules, epochs, epochs, share, share, (learningRate, e1, e2, s1, s2) => {
        const early = { epochs: Math.min(e1, e2), share: Math.min(s1, s2) };
        const late = { epochs: Math.max(e1, e2), share: Math.max(s1, s2) };
        const [before, after] = [early, late].map((at) => learningRateAt(learningRate, at));
        assert.ok(after >= 0);
        assert.ok(before <= learningRate.initial);
        assert.ok(after <= before, `${before} to ${after}`);
      }),
    );
  });

  it('with "constant" stays', () => {
    const at = learningRateAt({ schedule: 'constant', initial: 0.5 }, { epochs: 9, share: 0.9 });
    assert.equal(at, 0.5);
  });

  it('with "cosine" is half the initial rate midway and 0 at the end', () => {
    const learningRate: LearningRate = { schedule: 'cosine', initial: 0.01 };
    const at = (part: number) => learningRateAt(learningRate, { epochs: 0, share: part });
    assert.ok(Math.abs(at(0.5) - 0.005) < 1e-12);
    assert.ok(at(0.999) > 0 && at(0.999) < 1e-7);
    assert.equal(at(1), 0);
  });

  it('with "staircase" falls by the factor at the end of each stair, as slim’s on ImageNet', () => {
    const at = (done: number) =>
      learningRateAt(SLIM_IMAGENET.learningRate, { epochs: done, share: 0 });
    assert.deepEqual(
      [0, 2.499, 2.5, 4.999, 5, 119.9].map(at),
      [0, 0, 1, 1, 2, 47].map((stairs) => 0.045 * 0.94 ** stairs),
    );
  });
});
