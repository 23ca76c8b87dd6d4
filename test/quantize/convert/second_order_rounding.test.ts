import assert from 'node:assert/strict';
import fc from 'fast-check';
import { choleskyFactor, choleskySolve } from '../../../quantize/convert/matrices.ts';
import { roundSecondOrder } from '../../../quantize/convert/second_order_rounding.ts';
import { selectBackend } from '../../../training/backend.ts';

/** [n, n] AᵀA of a made-up A [n + 2, n], whose columns are alike to some degree. */
function covariance(values: readonly number[], n: number): Float64Array {
  const at = (row: number, column: number) => values[(row * n + column) % values.length];
  return Float64Array.from({ length: n * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    return Array.from({ length: n + 2 }, (_, row) => at(row, i) * at(row, j)).reduce(
      (a, b) => a + b,
    );
  });
}

/** eᵀ·(H + damping)·e as the rounding has it: 1 % of the mean diagonal on the diagonal. */
function objective(errors: readonly number[], hessian: Float64Array): number {
  const n = errors.length;
  const mean = errors.reduce((sum, _, k) => sum + hessian[k * n + k], 0) / n;
  return errors.reduce(
    (sum, a, i) =>
      sum +
      errors.reduce(
        (own, b, j) => own + a * b * (hessian[i * n + j] + (i === j ? 0.01 * mean : 0)),
        0,
      ),
    0,
  );
}

const SCALE = { scale: Math.fround(0.25), zeroPoint: 3 };
const numbers = (length: number, most: number) =>
  fc
    .array(fc.integer({ min: -1000, max: 1000 }), { minLength: length, maxLength: length })
    .map((all) => all.map((value) => (value * most) / 1000));

function errorOf(weights: Float64Array, bytes: Uint8Array, hessian: Float64Array): number {
  const errors = Array.from(weights, (w, k) => w - SCALE.scale * (bytes[k] - SCALE.zeroPoint));
  return objective(errors, hessian);
}

describe('roundSecondOrder', () => {
  it('finds what exhaustive search finds of three inputs', () => {
    fc.assert(
      fc.property(numbers(3, 1), numbers(15, 2), (given, made) => {
        const hessian = covariance(made, 3);
        const weights = Float64Array.from(given);
        const { bytes } = roundSecondOrder(weights, hessian, SCALE);
        let least = Infinity;
        for (let code = 0; code < 12 ** 3; code++) {
          const levels = Uint8Array.of(
            code % 12,
            Math.floor(code / 12) % 12,
            Math.floor(code / 144),
          );
          least = Math.min(least, errorOf(weights, levels, hessian));
        }
        const found = errorOf(weights, bytes, hessian);
        assert.ok(found <= least + 1e-9, `${found} over ${least}`);
      }),
      { numRuns: 60 },
    );
  });

  for (const inputs of [9, 24]) {
    it(`is never worse than rounding ${inputs} weights to the nearest`, () => {
      fc.assert(
        fc.property(numbers(inputs, 30), numbers(61, 2), (given, made) => {
          const hessian = covariance(made, inputs);
          const weights = Float64Array.from(given);
          const { bytes } = roundSecondOrder(weights, hessian, SCALE);
          const nearest = Uint8Array.from(weights, (w) =>
            Math.min(255, Math.max(0, Math.round(w / SCALE.scale) + 3)),
          );
          const [found, plain] = [bytes, nearest].map((each) => errorOf(weights, each, hessian));
          assert.ok(found <= plain * (1 + 1e-4) + 1e-9, `${found} over ${plain}`);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('rounds weights of inputs that never vary to the nearest', () => {
    const { bytes, error } = roundSecondOrder(
      Float64Array.of(0.3, -0.3),
      new Float64Array(4),
      SCALE,
    );
    assert.deepEqual([...bytes], [4, 2]);
    assert.equal(error, 0);
  });

  it('rounds each output by itself', () => {
    const hessian = Float64Array.of(1, 0.9, 0.9, 1);
    const both = roundSecondOrder(Float64Array.of(0.11, 0.6, 0.12, 0.4), hessian, SCALE);
    const [first, second] = [Float64Array.of(0.11, 0.12), Float64Array.of(0.6, 0.4)].map(
      (weights) => roundSecondOrder(weights, hessian, SCALE).bytes,
    );
    assert.deepEqual([...both.bytes], [first[0], second[0], first[1], second[1]]);
  });
});

describe('choleskyFactor', () => {
  // Products of large matrices take half a minute without TensorFlow's library.
  before(() => selectBackend());

  it('solves a system of more rows than a block', () => {
    const n = 100;
    const matrix = covariance(
      Array.from({ length: 997 }, (_, i) => Math.sin(i * 1.7)),
      n,
    );
    for (let k = 0; k < n; k++) matrix[k * n + k] += 1;
    const expected = Float64Array.from({ length: n * 3 }, (_, i) => Math.cos(i));
    const right = new Float64Array(n * 3);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let c = 0; c < 3; c++) right[i * 3 + c] += matrix[i * n + j] * expected[j * 3 + c];
      }
    }
    const factor = choleskyFactor(matrix, n);
    assert.ok(factor);
    const solution = choleskySolve(factor, n, right, 3);
    const worst = solution.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i])), 0);
    assert.ok(worst < 1e-3, `differs by ${worst}`);
  });

  it('factors a matrix of more rows than it takes in double precision', () => {
    const n = 1600;
    // Ones above a growing diagonal: a factor whose product is known in every place.
    const known = (k: number, j: number) => (j < k ? 0 : j === k ? 40 + (k % 7) : 1);
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const rows = Math.min(i, j);
        matrix[i * n + j] =
          i === j ? rows + known(i, i) ** 2 : rows + known(rows, rows) * known(rows, rows + 1);
      }
    }
    const factor = choleskyFactor(matrix, n);
    assert.ok(factor);
    const worst = factor.reduce(
      (most, x, at) => Math.max(most, Math.abs(x - known(Math.floor(at / n), at % n))),
      0,
    );
    assert.ok(worst < 1e-3, `differs by ${worst}`);
  });

  it('gives nothing of a large matrix that is not positive definite', () => {
    const n = 1600;
    const matrix = new Float64Array(n * n).fill(2);
    for (let k = 0; k < n; k++) matrix[k * n + k] = 1;
    assert.equal(choleskyFactor(matrix, n), undefined);
  });

  it('gives nothing of a matrix that is not positive definite', () => {
    assert.equal(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2), undefined);
  });
});
