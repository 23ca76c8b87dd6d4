import type { InputCovariances } from './input_moments.ts';
import { choleskyFactor, choleskySolve, product } from './matrices.ts';

/**
 * The weights that make of the quantized inputs x̂ what the layer's own make of the exact ones x, as far
 * as a ridge lets them leave their place: the least Σ (w·x − w'·x̂)² + λ · ‖w' − w‖², which is
 * w' = w + (C + λ·I)⁻¹ · (D − C) · w with C the covariance of x̂ and D that of x̂ and x.
 * @param weights [K, M]
 * @param ridge λ in parts of C's mean diagonal
 */
export function refit(
  weights: Float32Array,
  moments: InputCovariances,
  ridge: number,
): Float32Array {
  const { groups, inputs } = moments;
  const outputs = weights.length / inputs;
  const each = outputs / groups;
  const fitted = Float32Array.from(weights);
  for (let group = 0; group < groups; group++) {
    const square = [group * inputs * inputs, (group + 1) * inputs * inputs] as const;
    const covariance = moments.covariance.slice(...square);
    const difference = new Float32Array(inputs * inputs);
    for (let at = 0; at < difference.length; at++) {
      difference[at] = moments.cross[square[0] + at] - covariance[at];
    }
    let trace = 0;
    for (let k = 0; k < inputs; k++) trace += covariance[k * inputs + k];
    if (!(trace > 0)) continue;
    for (let k = 0; k < inputs; k++) covariance[k * inputs + k] += (ridge * trace) / inputs;
    const factor = choleskyFactor(covariance, inputs);
    if (factor === undefined) continue;
    const own = columnsOf(weights, inputs, outputs, group * each, each);
    const right = smallProduct(difference, own, inputs, each);
    const change = choleskySolve(factor, inputs, right, each);
    for (let k = 0; k < inputs; k++) {
      for (let m = 0; m < each; m++) {
        fitted[k * outputs + group * each + m] += change[k * each + m];
      }
    }
  }
  return fitted;
}

/** Columns [K, count] of a matrix [K, M]. */
export function columnsOf(
  matrix: Float32Array,
  rows: number,
  columns: number,
  first: number,
  count: number,
): Float32Array {
  if (count === columns) return matrix;
  const values = new Float32Array(rows * count);
  for (let k = 0; k < rows; k++) {
    for (let m = 0; m < count; m++) values[k * count + m] = matrix[k * columns + first + m];
  }
  return values;
}

function smallProduct(
  square: Float32Array,
  right: Float32Array,
  n: number,
  m: number,
): Float64Array {
  if (n * n * m > 4096) {
    return Float64Array.from(
      product({ values: square, rows: n, columns: n }, { values: right, rows: n, columns: m }),
    );
  }
  const result = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const scale = square[i * n + j];
      for (let c = 0; c < m; c++) result[i * m + c] += scale * right[j * m + c];
    }
  }
  return result;
}
