import assert from 'node:assert/strict';
import { StepWindow, stepsPerWindow } from '../../../training/watch/step_window.ts';

const report = (step: number, imagesPerSecond = 100, waitShare = 0) => ({
  step,
  loss: step,
  accuracy: 10 * step,
  learningRate: 1 / step,
  imagesPerSecond,
  waitShare,
});

describe('StepWindow', () => {
  it('takes the means of the steps up to each multiple of its size', () => {
    const window = new StepWindow(3);
    const closed = [1, 2, 3, 4, 5, 6].map((step) => window.add(report(step)));
    assert.deepEqual(
      closed.map((means) => means && [means.step, means.steps, means.loss, means.accuracy]),
      [undefined, undefined, [3, 3, 2, 20], undefined, undefined, [6, 3, 5, 50]],
    );
    assert.equal(closed[5]!.learningRate, 1 / 6);
  });

  it('takes rates over the time that the steps took', () => {
    const window = new StepWindow(2);
    window.add(report(1, 100, 0));
    const { time } = window.add(report(2, 25, 0.5))!;
    // 1/100 s and 1/25 s an image, of which half of the second was waiting.
    assert.ok(Math.abs(time.imagesPerSecond - 40) < 1e-9);
    assert.ok(Math.abs(time.waitShare - 0.4) < 1e-12);
  });

  it('goes on from the sums that another window left open', () => {
    const first = new StepWindow(3);
    first.add(report(1));
    const second = new StepWindow(3, structuredClone(first.sums));
    second.add(report(2));
    assert.deepEqual(second.add(report(3))!.loss, 2);
  });

  it('closes as far as it came, and is empty afterwards', () => {
    const window = new StepWindow(100);
    assert.equal(window.close(), undefined);
    window.add(report(1));
    window.add(report(2));
    const means = window.close()!;
    assert.deepEqual([means.step, means.steps, means.loss], [2, 2, 1.5]);
    assert.equal(window.close(), undefined);
  });
});

describe('stepsPerWindow', () => {
  it('bounds the windows of a run, however long', () => {
    assert.deepEqual([1, 2000, 2001, 10_000, 5e6].map(stepsPerWindow), [1, 1, 2, 5, 2500]);
  });

  it('is fixed where nobody knows the steps', () => {
    assert.equal(stepsPerWindow(undefined), 10);
  });
});
