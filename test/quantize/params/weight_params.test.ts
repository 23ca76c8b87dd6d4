import assert from 'node:assert/strict';
import { accumulatorBound } from '../../../quantize/params/accumulator.ts';
import {
  accumulatorScale,
  dequantize,
  INT32_MAX,
  paramsFromRange,
  quantize,
  quantizeBias,
} from '../../../quantize/params/quantization.ts';
import { requantize, requantizeMultiplier } from '../../../quantize/params/requantization.ts';
import { weightParams } from '../../../quantize/params/weight_params.ts';

const TERMS = {
  scaleIn: Math.fround(1 / 255),
  inputZeroPoint: 0,
  scaleOut: 1,
  biasMax: 1,
  taps: 9,
};

/** Whether every bias up to `biasMax` fits beside the products (eq. 4). */
function fits(terms: typeof TERMS, weights: { scale: number; zeroPoint: number }): boolean {
  const [bias] = quantizeBias('layer', [terms.biasMax], terms.scaleIn, weights.scale);
  const { taps, inputZeroPoint } = terms;
  const weightZeroPoint = weights.zeroPoint;
  return accumulatorBound({ biasMax: bias, taps, inputZeroPoint, weightZeroPoint }) <= INT32_MAX;
}

describe('weightParams', () => {
  it("are those of the weights' own range where the biases fit (eq. 1)", () => {
    for (const [min, max] of [
      [-1, 1],
      [0.2, 0.5],
      [-3, -1],
      [0, 0],
      [-1e-6, 1e-6],
    ] as const) {
      assert.deepEqual(weightParams({ min, max }, { ...TERMS, biasMax: 0.05 }), {
        params: paramsFromRange(min, max),
        raisedBy: 1,
      });
    }
  });

  it('have the least scale at which every bias fits int32 beside the products (eq. 3)', () => {
    for (const width of [1e-4, 1e-9, 1e-20, 1e-38, 1e-44, 0]) {
      for (const biasMax of [5, 1e6, 3e9]) {
        for (const inputZeroPoint of [0, 77, 255]) {
          const terms = { ...TERMS, biasMax, inputZeroPoint };
          const { params, raisedBy } = weightParams({ min: -width, max: 2 * width }, terms);
          assert.ok(fits(terms, params), `${width} ${biasMax}`);
          if (raisedBy === 1) continue;
          const below = Math.fround(params.scale * (1 - 2 ** -22));
          assert.ok(!fitsOrThrows(terms, { ...params, scale: below }), `${width} ${biasMax}`);
        }
      }
    }
  });

  it('give outputs within a step of the float ones, plus the weights that were lost', () => {
    const weights = [0.3e-9, -1e-9, 0.7e-9];
    const inputs = [0, 0.4, 1];
    for (const bias of [5, -5, 0.37]) {
      const output = paramsFromRange(-6, 6);
      const input = paramsFromRange(0, 1);
      const { params, raisedBy } = weightParams(
        { min: -1e-9, max: 0.7e-9 },
        { ...TERMS, scaleOut: output.scale, biasMax: Math.abs(bias), taps: 3 },
      );
      assert.ok(raisedBy > 1);
      const multiplier = requantizeMultiplier(input.scale, params.scale, output.scale);
      const [b] = quantizeBias('layer', [bias], input.scale, params.scale);
      const sum = weights.reduce(
        (total, weight, n) =>
          total +
          (quantize(inputs[n], input) - input.zeroPoint) *
            (quantize(weight, params) - params.zeroPoint),
        b,
      );
      const real = weights.reduce((total, weight, n) => total + weight * inputs[n], bias);
      const byte = requantize(sum, multiplier, output.zeroPoint, 0, 255);
      assert.ok(Math.abs(dequantize(byte, output) - real) <= output.scale * (0.5 + 2 ** -14));
    }
  });

  it('keep the accumulator and the multiplier normal where weights are nearly subnormal', () => {
    const { params } = weightParams(
      { min: 0, max: 1e-41 },
      { ...TERMS, scaleOut: 1000, biasMax: 0 },
    );
    assert.ok(accumulatorScale(TERMS.scaleIn, params.scale) > 0);
    assert.ok(requantizeMultiplier(TERMS.scaleIn, params.scale, 1000) > 0);
  });
});

function fitsOrThrows(...[terms, params]: Parameters<typeof fits>): boolean {
  try {
    return fits(terms, params);
  } catch {
    return false;
  }
}
