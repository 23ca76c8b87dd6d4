import assert from 'node:assert/strict';
import { STANDARD } from '../../../architectures/variants.ts';
import {
  depthwiseGradientShare,
  exchangeMs,
  type TrainingLoad,
  timeElsewhere,
} from '../../../workflows/reproduce/elsewhere.ts';

/** ImageNet's 120 epochs, by a processor of 30 images a second. */
const LOAD: TrainingLoad = {
  network: { network: 'mobilenet_v1', variant: STANDARD, widthMultiplier: 1 },
  resolution: 224,
  classes: 1001,
  batchSize: 64,
  images: 120 * 1_281_167,
  imagesPerSecond: 30,
};
const DAY = 86_400;

describe('timeElsewhere', () => {
  it('gives what was measured for one processor', () => {
    const { seconds, basis } = timeElsewhere([LOAD], { workers: 1, device: 'cpu' });
    assert.equal(basis, 'measured');
    assert.equal(seconds, LOAD.images / 30);
  });

  it('divides the steps among machines and adds the sum of each', () => {
    const { seconds, basis } = timeElsewhere([LOAD, LOAD], { workers: 8, device: 'cpu' });
    assert.equal(basis, 'on paper');
    const exchange = ((LOAD.images / 64) * exchangeMs(4_254_889, 8, 10)) / 1000;
    assert.ok(Math.abs(seconds / 2 - (LOAD.images / 240 + exchange)) < 0.01 * exchange);
  });

  it('says what of as many times the speed is left, and whether step or network limits', () => {
    const one = timeElsewhere([LOAD], { workers: 1, device: 'cpu' });
    const eight = timeElsewhere([LOAD], { workers: 8, device: 'cpu' });
    assert.deepEqual([one.efficiency, one.limit, eight.limit], [1, 'step', 'step']);
    assert.ok(Math.abs(eight.efficiency - one.seconds / (8 * eight.seconds)) < 1e-12);
    const fast = { ...LOAD, imagesPerSecond: 1000 };
    assert.equal(timeElsewhere([fast], { workers: 8, device: 'cpu' }).limit, 'network');
  });

  it('takes a GPU for as fast as its memory, and says how many cores decode for it', () => {
    const one = timeElsewhere([LOAD], { workers: 1, device: 'gpu' });
    const eight = timeElsewhere([LOAD], { workers: 8, device: 'gpu' });
    assert.ok(one.seconds > 0.3 * DAY && one.seconds < 2 * DAY, `${one.seconds} s`);
    assert.ok(one.seconds / eight.seconds > 7 && one.seconds / eight.seconds < 8);
    const rate = LOAD.images / one.seconds;
    assert.equal(one.decodingCores, Math.ceil(rate / 150));
  });

  it('counts twice the weights but for the part that stays, in 4 bytes', () => {
    assert.equal(exchangeMs(1e6, 1, 10), 0);
    assert.equal(exchangeMs(1e6, 2, 10), 3.2);
    assert.equal(exchangeMs(1e6, 4, 10), 4.8);
  });

  it('of a GPU’s step, the gradients of depthwise filters are a small share', () => {
    const share = depthwiseGradientShare(LOAD);
    assert.ok(share > 0.03 && share < 0.1, `${share}`);
  });
});
