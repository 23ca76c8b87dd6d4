import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Matrix, solve as solveByMlMatrix } from 'ml-matrix';
import {
  choleskyFactor,
  choleskySolve,
  multiply,
} from '../../../architectures/rearchitect/cholesky.ts';
import { RidgeSystem } from '../../../architectures/rearchitect/ridge.ts';
import { numbers, relativeDifference, SEEDS } from './support.ts';

/** A positive definite matrix [n, n]. */
function definite(n: number, next: () => number): Float64Array {
  const factor = Matrix.from1DArray(n, n, Array.from({ length: n * n }, next));
  const product = factor.mmul(factor.transpose()).add(Matrix.eye(n).mul(0.1 * n));
  return Float64Array.from(product.to1DArray());
}

function values(length: number, next: () => number): Float64Array {
  return Float64Array.from({ length }, next);
}

describe('Cholesky factorization', () => {
  it('solves as ml-matrix does, for any size', () => {
    fc.assert(
      fc.property(
        SEEDS,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 150 }),
        (seed, n, m) => {
          const next = numbers(seed);
          const a = definite(n, next);
          const b = values(n * m, next);
          const expected = solveByMlMatrix(
            Matrix.from1DArray(n, n, a),
            Matrix.from1DArray(n, m, b),
          ).to1DArray();
          choleskySolve(choleskyFactor(a, n)!, n, b, m);
          assert.ok(relativeDifference(b, expected) < 1e-9);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('says of an indefinite matrix that it is one', () => {
    assert.equal(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2), undefined);
  });

  it('multiplies as ml-matrix does', () => {
    const next = numbers(1);
    const [a, x] = [values(19 * 19, next), values(19 * 70, next)];
    const expected = Matrix.from1DArray(19, 19, a).mmul(Matrix.from1DArray(19, 70, x));
    assert.ok(relativeDifference(multiply(a, 19, x, 70), expected.to1DArray()) < 1e-12);
  });
});

describe('RidgeSystem', () => {
  const next = numbers(3);
  const [inputs, outputs] = [12, 5];
  const features = definite(inputs, next);
  const cross = values(inputs * outputs, next);
  const prior = values(inputs * outputs, next);
  const penalised = (penalty: number) =>
    new RidgeSystem({
      features,
      inputs,
      prior,
      penalty: new Float64Array(inputs).fill(penalty),
    });

  it('gives the least-squares weights without a penalty', () => {
    const { weights } = penalised(0).solve(cross);
    assert.ok(relativeDifference(multiply(features, inputs, weights, outputs), cross) < 1e-10);
  });

  it('gives the prior for a penalty without bounds', () => {
    assert.ok(relativeDifference(penalised(1e12).solve(cross).weights, prior) < 1e-9);
  });

  it('solves the normal equations with the prior', () => {
    const { weights } = penalised(2).solve(cross);
    const left = multiply(features, inputs, weights, outputs).map((v, i) => v + 2 * weights[i]);
    assert.ok(
      relativeDifference(
        left,
        cross.map((v, i) => v + 2 * prior[i]),
      ) < 1e-10,
    );
  });

  it('gives A·W with the weights', () => {
    const { weights, scattered } = penalised(2).solve(cross);
    assert.ok(relativeDifference(scattered, multiply(features, inputs, weights, outputs)) < 1e-10);
  });

  it('comes to the same by what is left of other targets as by those targets', () => {
    const system = penalised(0.5);
    const other = values(inputs * outputs, next);
    const before = system.solve(other);
    // What the fit leaves of the targets: B − A·W.
    const left = cross.map((value, i) => value - before.scattered[i]);
    const improved = system.improve(before, left);
    const direct = system.solve(cross);
    assert.ok(relativeDifference(improved.weights, direct.weights) < 1e-10);
    assert.ok(relativeDifference(improved.scattered, direct.scattered) < 1e-10);
  });

  it('gives a feature of variance 0 no weight', () => {
    const silent = features.map((value, i) =>
      i % inputs === 4 || Math.floor(i / inputs) === 4 ? 0 : value,
    );
    const penalty = new Float64Array(inputs).fill(1);
    const system = new RidgeSystem({ features: silent, inputs, prior, penalty });
    const { weights } = system.solve(cross);
    assert.deepEqual([...weights.slice(4 * outputs, 5 * outputs)], [0, 0, 0, 0, 0]);
  });

  it('refuses features that no covariance can have', () => {
    assert.throws(
      () =>
        new RidgeSystem({
          features: Float64Array.of(1, 2, 2, 1),
          inputs: 2,
          prior: new Float64Array(2),
          penalty: new Float64Array(2),
        }),
      { name: 'RearchitectError', message: /positive definite system of 2 features/ },
    );
  });
});
