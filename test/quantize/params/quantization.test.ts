import assert from 'node:assert/strict';
import fc from 'fast-check';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import {
  accumulatorScale,
  dequantize,
  dequantizeArray,
  paramsFromRange,
  quantize,
  quantizeArray,
  quantizeBias,
} from '../../../quantize/params/quantization.ts';

const HALF = { scale: 0.5, zeroPoint: 10 };

/** A QuantizationError whose message matches. */
const refuses = (pattern: RegExp) => (error: unknown) =>
  error instanceof QuantizationError && pattern.test(error.message);

const range = () =>
  fc
    .tuple(
      fc.float({ noNaN: true, min: -1e6, max: 1e6 }),
      fc.float({ noNaN: true, min: -1e6, max: 1e6 }),
    )
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    .map(([min, max]) => (Math.max(max, 0) - Math.min(min, 0) > 1e-30 ? [min, max] : [0, 0]));

describe('paramsFromRange', () => {
  it('divides the range by 255 and puts the zero point at the byte of 0', () => {
    assert.deepEqual(paramsFromRange(-1, 254), { scale: 1, zeroPoint: 1 });
    assert.deepEqual(paramsFromRange(-127.5, 0), { scale: 0.5, zeroPoint: 255 });
    assert.deepEqual(paramsFromRange(0, 6), { scale: Math.fround(6 / 255), zeroPoint: 0 });
  });

  it('widens a range that does not contain 0', () => {
    assert.deepEqual(paramsFromRange(3, 255), { scale: 1, zeroPoint: 0 });
    assert.deepEqual(paramsFromRange(-255, -3), { scale: 1, zeroPoint: 255 });
    assert.deepEqual(paramsFromRange(5, 5), { scale: Math.fround(5 / 255), zeroPoint: 0 });
  });

  it('gives scale 1 and zero point 0 to a range of width 0', () => {
    assert.deepEqual(paramsFromRange(0, 0), { scale: 1, zeroPoint: 0 });
    assert.deepEqual(paramsFromRange(-0, 0), { scale: 1, zeroPoint: 0 });
  });

  it('keeps the scale in single precision', () => {
    fc.assert(
      fc.property(range(), ([min, max]) => {
        const { scale, zeroPoint } = paramsFromRange(min, max);
        assert.equal(scale, Math.fround(scale));
        assert.ok(Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint <= 255);
      }),
    );
  });

  it('refuses bounds that are not finite, naming the bound', () => {
    assert.throws(() => paramsFromRange(NaN, 1), refuses(/min of the range but received NaN/));
    assert.throws(() => paramsFromRange(-Infinity, 1), refuses(/min of the range/));
    assert.throws(() => paramsFromRange(0, Infinity), refuses(/max of the range/));
  });

  it('refuses a range whose min is above its max', () => {
    assert.throws(() => paramsFromRange(2, 1), refuses(/a number ≥ min \(2\).*received 1/));
  });

  it('refuses a range whose scale underflows or overflows single precision', () => {
    assert.throws(() => paramsFromRange(0, 1e-44), refuses(/scale of the range \[0, 1e-44\]/));
    assert.throws(() => paramsFromRange(-1e300, 1e300), refuses(/scale of the range/));
  });
});

describe('quantize', () => {
  it('rounds half to even, then adds the zero point', () => {
    assert.deepEqual(
      [-0.75, -0.25, 0, 0.25, 0.75].map((x) => quantize(x, HALF)),
      [8, 10, 10, 10, 12],
    );
  });

  it('saturates at 0 and 255, infinities included', () => {
    assert.deepEqual(
      [-1000, 1000, -Infinity, Infinity].map((x) => quantize(x, HALF)),
      [0, 255, 0, 255],
    );
  });

  it('is undone by dequantize for every byte', () => {
    fc.assert(
      fc.property(range(), fc.integer({ min: 0, max: 255 }), ([min, max], q) => {
        const params = paramsFromRange(min, max);
        assert.equal(quantize(dequantize(q, params), params), q);
      }),
    );
  });

  it('is off by at most half a step within the range', () => {
    fc.assert(
      fc.property(range(), fc.double({ min: 0, max: 1, noNaN: true }), ([min, max], t) => {
        const params = paramsFromRange(min, max);
        const x = min + t * (max - min);
        const error = Math.abs(dequantize(quantize(x, params), params) - x);
        // The rounding of zeroPoint moves the range by up to half a step, that of scale its far
        // end by up to 255 · 2⁻²⁴ steps.
        assert.ok(error <= params.scale * (0.5 + 2 ** -16), `${x}: ${error}`);
      }),
    );
  });

  it('refuses NaN', () => {
    assert.throws(() => quantize(NaN, HALF), refuses(/value to quantize but received NaN/));
  });

  it('refuses parameters that are none', () => {
    assert.throws(() => quantize(1, { scale: 0, zeroPoint: 0 }), refuses(/for scale/));
    assert.throws(() => quantize(1, { scale: 0.1, zeroPoint: 0 }), refuses(/single-precision/));
    assert.throws(() => quantize(1, { scale: Infinity, zeroPoint: 0 }), refuses(/for scale/));
    assert.throws(
      () => dequantize(1, { scale: 1, zeroPoint: 256 }),
      refuses(/integer in \[0, 255\] for zeroPoint but received 256 of type number/),
    );
    assert.throws(() => dequantize(1, { scale: 1, zeroPoint: 0.5 }), refuses(/for zeroPoint/));
  });
});

describe('quantizeArray and dequantizeArray', () => {
  it('equal quantize and dequantize of each element', () => {
    const real = () => fc.float32Array({ noNaN: true, maxLength: 50 });
    fc.assert(
      fc.property(range(), real(), ([min, max], values) => {
        const params = paramsFromRange(min, max);
        const bytes = quantizeArray(values, params);
        assert.deepEqual(
          [...bytes],
          [...values].map((x) => quantize(x, params)),
        );
        assert.deepEqual(
          [...dequantizeArray(bytes, params)],
          [...bytes].map((q) => Math.fround(dequantize(q, params))),
        );
      }),
    );
  });

  it('write into the array that is given', () => {
    const bytes = new Uint8Array(2);
    assert.equal(quantizeArray(Float32Array.of(1, -1), HALF, bytes), bytes);
    assert.deepEqual([...bytes], [12, 8]);
    const real = new Float32Array(2);
    assert.equal(dequantizeArray(bytes, HALF, real), real);
    assert.deepEqual([...real], [1, -1]);
  });

  it('refuse NaN, naming its index', () => {
    const values = Float32Array.of(0, 1, NaN, NaN);
    assert.throws(() => quantizeArray(values, HALF), refuses(/element 2 of .*received NaN/));
  });

  it('refuse an output of another length', () => {
    const wrong = refuses(/length 2, that of the input, for output but received 3/);
    assert.throws(() => quantizeArray(new Float32Array(2), HALF, new Uint8Array(3)), wrong);
    assert.throws(() => dequantizeArray(new Uint8Array(2), HALF, new Float32Array(3)), wrong);
  });
});

describe('accumulatorScale', () => {
  it('is the product in single precision', () => {
    const [a, b] = [Math.fround(0.1), Math.fround(0.3)];
    assert.equal(accumulatorScale(a, b), Math.fround(a * b));
  });

  it('refuses a product that underflows', () => {
    const tiny = Math.fround(1e-30);
    assert.throws(() => accumulatorScale(tiny, tiny), refuses(/scaleIn · scaleWeight/));
  });
});

describe('quantizeBias', () => {
  it('rounds half to even at scaleIn · scaleWeight', () => {
    const bias = [0.125, 0.375, -0.125, 1, 0];
    assert.deepEqual([...quantizeBias('Conv2d_0', bias, 0.5, 0.5)], [0, 2, 0, 4, 0]);
  });

  it('keeps the ends of int32', () => {
    const ends = [2 ** 31 - 1, -(2 ** 31)];
    assert.deepEqual([...quantizeBias('Conv2d_0', ends, 1, 1)], ends);
  });

  it('refuses a bias that does not fit int32, naming layer and channel, with a remedy', () => {
    for (const value of [2 ** 31, -(2 ** 31) - 1, Infinity, NaN]) {
      assert.throws(
        () => quantizeBias('Conv2d_1_depthwise', [0, 0, value], 1, 1),
        (error) =>
          refuses(/channel 2 of Conv2d_1_depthwise/)(error) &&
          /zero-variance/.test((error as QuantizationError).remedy ?? ''),
      );
    }
  });
});
