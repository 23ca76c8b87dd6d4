import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ExactSum, joinedSums } from '../../../quantize/analyze/exact_sum.ts';

/** A double as a whole number of 2^-1100. */
function scaled(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const fraction = (word & 0xf_ffff_ffff_ffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const magnitude = fraction << BigInt(Math.max(exponent, 1) - 1075 + 1100);
  return word >> 63n === 0n ? magnitude : -magnitude;
}

/** Whether no double is nearer to `sum`, of two as near the even one. */
function isNearest(value: number, sum: bigint): boolean {
  const distance = (other: number) => {
    const away = scaled(other) - sum;
    return away < 0n ? -away : away;
  };
  const own = distance(value);
  return [neighbour(value, 1n), neighbour(value, -1n)].every((other) => own <= distance(other));
}

function neighbour(value: number, step: bigint): number {
  if (value === 0) return step > 0n ? Number.MIN_VALUE : -Number.MIN_VALUE;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  bits.setBigUint64(0, bits.getBigUint64(0) + step);
  return bits.getFloat64(0);
}

const numbers = fc.array(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 }),
  { maxLength: 40 },
);

function sumOf(values: readonly number[]): ExactSum {
  const sum = new ExactSum();
  sum.addAll(values);
  return sum;
}

describe('ExactSum', () => {
  it('rounds once, to the nearest double', () => {
    assert.equal(sumOf([1e100, 1, -1e100]).value, 1);
    assert.equal(sumOf(new Array(10).fill(0.1)).value, 1);
    assert.equal(sumOf([2 ** 53, 1, 2 ** -60]).value, 2 ** 53 + 2); // just beyond halfway
    assert.equal(sumOf([2 ** 53, 1]).value, 2 ** 53); // halfway: to the even one
    assert.equal(sumOf([]).value, 0);
    fc.assert(
      fc.property(numbers, (values) =>
        isNearest(
          sumOf(values).value,
          values.reduce((sum, value) => sum + scaled(value), 0n),
        ),
      ),
    );
  });

  it('is the same whatever the order and the grouping', () => {
    fc.assert(
      fc.property(numbers, fc.nat(), (values, cut) => {
        const at = values.length === 0 ? 0 : cut % values.length;
        const [first, second] = [values.slice(0, at), values.slice(at)];
        const joined = joinedSums(sumOf(second.toReversed()).parts, sumOf(first).parts);
        assert.equal(new ExactSum(joined).value, sumOf(values).value);
      }),
    );
  });

  it('goes through JSON without a change', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const { parts, value } = sumOf(values);
        assert.equal(new ExactSum(JSON.parse(JSON.stringify(parts))).value, value);
      }),
    );
  });

  it('keeps infinite values apart', () => {
    const sum = sumOf([1, Infinity, 1e300]);
    assert.equal(sum.value, Infinity);
    assert.deepEqual(sum.parts, [Infinity]);
    assert.equal(sumOf([Infinity, -Infinity]).value, NaN);
  });
});
