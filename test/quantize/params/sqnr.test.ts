import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sqnrDb } from '../../../quantize/params/sqnr.ts';

const f32 = (...values: number[]) => Float32Array.of(...values);

describe('sqnrDb', () => {
  it('is 10 · log10 of the ratio of the energies', () => {
    assert.equal(sqnrDb(f32(10, 0), f32(9, 0)), 20);
    assert.equal(sqnrDb(f32(3, 4), f32(3, 9)), 0);
  });

  it('is Infinity for a lossless tensor, also for one of zeros', () => {
    assert.equal(sqnrDb(f32(1, -2), f32(1, -2)), Infinity);
    assert.equal(sqnrDb(f32(0, 0), f32(0, -0)), Infinity);
  });

  it('is −Infinity where a signal of zeros is approximated by something else', () => {
    assert.equal(sqnrDb(f32(0, 0), f32(0, 1)), -Infinity);
  });

  it('does not change when signal and approximation are scaled by a power of two', () => {
    const value = fc.float({ min: -1, max: 1, noNaN: true }).map((x) => x + 2);
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1 }), (pairs) => {
        const signal = Float32Array.from(pairs, (pair) => pair[0]);
        const approximation = Float32Array.from(pairs, (pair) => pair[1]);
        const scaled = (values: Float32Array) => values.map((x) => x * 2 ** -20);
        assert.equal(sqnrDb(scaled(signal), scaled(approximation)), sqnrDb(signal, approximation));
      }),
    );
  });

  it('stays finite for the largest and the smallest singles', () => {
    const largest = (2 - 2 ** -23) * 2 ** 127;
    assert.ok(Math.abs(sqnrDb(f32(largest), f32(-largest)) + 20 * Math.log10(2)) < 1e-12);
    assert.equal(sqnrDb(f32(2 ** -149), f32(0)), 0);
  });

  it('refuses elements that are not finite, naming them', () => {
    assert.throws(() => sqnrDb(f32(1, NaN), f32(1, 1)), /element 1 of signal but received NaN/);
    assert.throws(() => sqnrDb(f32(Infinity), f32(1)), /element 0 of signal but received Infinity/);
    assert.throws(() => sqnrDb(f32(1, 1), f32(1, NaN)), /element 1 of approximation/);
  });

  it('refuses tensors of different lengths and empty ones', () => {
    assert.throws(() => sqnrDb(f32(1), f32(1, 2)), /length 1, that of the signal, .*received 2/);
    assert.throws(() => sqnrDb(f32(), f32()), /at least one element/);
  });
});
