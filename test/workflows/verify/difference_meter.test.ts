import assert from 'node:assert/strict';
import { DifferenceMeter } from '../../../workflows/verify/difference_meter.ts';

describe('DifferenceMeter', () => {
  const meterOf = (ours: readonly number[], theirs: readonly number[]) => {
    const meter = new DifferenceMeter();
    for (const [at, value] of theirs.entries()) {
      meter.add(Float32Array.of(ours[at]), Float32Array.of(value));
    }
    return meter;
  };

  it('holds the largest difference to a ten-thousandth of the range over all images', () => {
    const near = meterOf([0, 10.0005], [0, 10]);
    assert.deepEqual(near.result().range, 10);
    assert.ok(Math.abs(near.result().relativeDifference - 5e-5) < 1e-7);
    assert.ok(near.isEqual());
    assert.ok(!meterOf([0, 10.002], [0, 10]).isEqual());
  });

  it('takes the last digits of single precision for none where the output hardly changes', () => {
    const meter = meterOf([0.9, 0.90000006], [0.9, 0.9]);
    assert.equal(meter.result().range, 0);
    assert.equal(meter.result().relativeDifference, Infinity);
    assert.ok(meter.isEqual());
    assert.ok(!meterOf([0.9, 0.90001], [0.9, 0.9]).isEqual());
  });

  it('takes no output of another length, and no number that is none, for equal', () => {
    const meter = new DifferenceMeter();
    meter.add(Float32Array.of(1, 2), Float32Array.of(1));
    assert.ok(!meter.isEqual());
    assert.ok(!meterOf([Number.NaN], [1]).isEqual());
    assert.ok(meterOf([2], [2]).isEqual());
  });
});
