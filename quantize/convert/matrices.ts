/** Products of matrices, row-major in typed arrays, by TensorFlow.js, and what is solved with them. */
import * as tf from '@tensorflow/tfjs';

/** Rows and columns of a matrix. */
export interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** a · b */
export function product(a: Matrix, b: Matrix): Float32Array {
  return multiplied(a, b, false);
}

/** aᵀ · b */
export function transposedProduct(a: Matrix, b: Matrix): Float32Array {
  return multiplied(a, b, true);
}

function multiplied(a: Matrix, b: Matrix, transposeA: boolean): Float32Array {
  return valuesOf(() => {
    const [left, right] = [a, b].map(({ values, rows, columns }) =>
      tf.tensor2d(values, [rows, columns]),
    );
    return tf.matMul(left, right, transposeA);
  });
}

/**
 * a · bᵀ of each of many matrices: [batch, n, n] of two [k, n, batch], whose first axis is summed over.
 */
export function batchedProducts(
  a: Float32Array,
  b: Float32Array,
  [k, n, batch]: readonly [number, number, number],
): Float32Array {
  return valuesOf(() => {
    const [left, right] = [a, b].map((values) =>
      tf.tensor3d(values, [k, n, batch]).transpose([2, 1, 0]),
    );
    return tf.matMul(left, right, false, true);
  });
}

/** The values of a tensor whose operations' other tensors are freed. */
function valuesOf(compute: () => tf.Tensor): Float32Array {
  // A typed array is not handed out of `tidy`, which would look for tensors in each of its elements.
  const result = tf.tidy(compute);
  try {
    return result.dataSync<'float32'>();
  } finally {
    result.dispose();
  }
}

/** Rows that are solved one by one; what lies behind them is a product of matrices. */
const BLOCK = 64;

/** Rows that Cholesky takes off the rest at a time: those that `subtractPanel` names. */
const PANEL = 8;

/** Up to so many rows, a second's work, Cholesky works in double precision throughout. */
const DOUBLE_ROWS = 1536;

/** Rows that Cholesky takes off the rest of a larger matrix at a time, in single precision. */
const LARGE_PANEL = 128;

/**
 * The upper triangular R [n, n] with Rᵀ·R = `matrix`, symmetric and positive definite: Cholesky. Of more than
 * `DOUBLE_ROWS` rows by products of matrices in single precision, five times as fast, where these do.
 * @returns undefined where it is not positive definite
 */
export function choleskyFactor(matrix: Float64Array, n: number): Float64Array | undefined {
  return (n > DOUBLE_ROWS ? factorByProducts(matrix, n) : undefined) ?? factorInDouble(matrix, n);
}

function factorInDouble(matrix: Float64Array, n: number): Float64Array | undefined {
  const factor = new Float64Array(matrix);
  for (let start = 0; start < n; start += PANEL) {
    const end = Math.min(start + PANEL, n);
    if (!factorRows(factor, n, start, end)) return undefined;
    for (let i = end; i < n; i++) subtractPanel(factor, n, start, i);
  }
  return factor;
}

function factorByProducts(matrix: Float64Array, n: number): Float64Array | undefined {
  const factor = new Float64Array(matrix);
  for (let start = 0; start < n; start += LARGE_PANEL) {
    const end = Math.min(start + LARGE_PANEL, n);
    if (!factorRows(factor, n, start, end)) return undefined;
    const columns = n - end;
    if (columns === 0) break;
    const rows = end - start;
    const panel = { values: part(factor, n, [start, end], [end, n]), rows, columns };
    const square = transposedProduct(panel, panel);
    for (let i = 0; i < columns; i++) {
      const row = (end + i) * n + end;
      for (let j = i; j < columns; j++) factor[row + j] -= square[i * columns + j];
    }
  }
  return factor;
}

/**
 * Makes rows of the factor of those that nothing is to be taken off any more.
 * @returns false where a pivot is not positive
 */
function factorRows(factor: Float64Array, n: number, start: number, end: number): boolean {
  for (let k = start; k < end; k++) {
    const row = k * n;
    const pivot = factor[row + k];
    if (!(pivot > 0)) return false;
    const root = Math.sqrt(pivot);
    for (let j = k; j < n; j++) factor[row + j] /= root;
    factor.fill(0, row, row + k);
    for (let i = k + 1; i < end; i++) {
      const scale = factor[row + i];
      const other = i * n;
      for (let j = i; j < n; j++) factor[other + j] -= scale * factor[row + j];
    }
  }
  return true;
}

/** Takes off row i, from its diagonal on, what a panel of whole rows has of it: one way through memory for all of them. */
function subtractPanel(factor: Float64Array, n: number, start: number, i: number): void {
  const first = start * n;
  const [r1, r2, r3] = [first + n, first + 2 * n, first + 3 * n];
  const [r4, r5, r6, r7] = [first + 4 * n, first + 5 * n, first + 6 * n, first + 7 * n];
  const [s0, s1, s2, s3] = [factor[first + i], factor[r1 + i], factor[r2 + i], factor[r3 + i]];
  const [s4, s5, s6, s7] = [factor[r4 + i], factor[r5 + i], factor[r6 + i], factor[r7 + i]];
  const row = i * n;
  for (let j = i; j < n; j++) {
    // In the rows' order, as if they were taken off one by one.
    let value = factor[row + j] - s0 * factor[first + j] - s1 * factor[r1 + j];
    value = value - s2 * factor[r2 + j] - s3 * factor[r3 + j];
    value = value - s4 * factor[r4 + j] - s5 * factor[r5 + j];
    factor[row + j] = value - s6 * factor[r6 + j] - s7 * factor[r7 + j];
  }
}

/** X [n, m] with Rᵀ·R·X = B, for the factor R of `choleskyFactor`. */
export function choleskySolve(
  factor: Float64Array,
  n: number,
  right: Float64Array,
  m: number,
): Float64Array {
  const solution = Float64Array.from(right);
  // Rᵀ·Y = B, from the first row on
  fromTop(factor, n, solution, m);
  // R·X = Y, from the last row on
  fromBottom(factor, n, m, solution, (k, known) => {
    const at = k * m;
    const pivot = factor[k * n + k];
    for (let c = 0; c < m; c++) solution[at + c] = (solution[at + c] - known[c]) / pivot;
  });
  return solution;
}

function fromTop(factor: Float64Array, n: number, solution: Float64Array, m: number): void {
  for (let start = 0; start < n; start += BLOCK) {
    const end = Math.min(start + BLOCK, n);
    if (start > 0) {
      const sums = transposedProduct(
        { values: part(factor, n, [0, start], [start, end]), rows: start, columns: end - start },
        { values: Float32Array.from(solution.subarray(0, start * m)), rows: start, columns: m },
      );
      for (let i = 0; i < sums.length; i++) solution[start * m + i] -= sums[i];
    }
    for (let k = start; k < end; k++) {
      const at = k * m;
      for (let j = start; j < k; j++) {
        const scale = factor[j * n + k];
        for (let c = 0; c < m; c++) solution[at + c] -= scale * solution[j * m + c];
      }
      const pivot = factor[k * n + k];
      for (let c = 0; c < m; c++) solution[at + c] /= pivot;
    }
  }
}

/**
 * Goes through the rows of R from the last to the first and hands over, for row k, Σ R[k, j] · rows[j]
 * over j > k, [m]; `visit` then sets rows[k].
 * @param rows [n, m]
 */
export function fromBottom(
  factor: Float64Array,
  n: number,
  m: number,
  rows: Float64Array,
  visit: (k: number, sums: Float64Array) => void,
): void {
  const sums = new Float64Array(m);
  for (let end = n; end > 0; end -= BLOCK) {
    const start = Math.max(end - BLOCK, 0);
    const behind =
      end === n
        ? undefined
        : product(
            {
              values: part(factor, n, [start, end], [end, n]),
              rows: end - start,
              columns: n - end,
            },
            { values: Float32Array.from(rows.subarray(end * m)), rows: n - end, columns: m },
          );
    for (let k = end - 1; k >= start; k--) {
      if (behind === undefined) sums.fill(0);
      else for (let c = 0; c < m; c++) sums[c] = behind[(k - start) * m + c];
      for (let j = k + 1; j < end; j++) {
        const scale = factor[k * n + j];
        for (let c = 0; c < m; c++) sums[c] += scale * rows[j * m + c];
      }
      visit(k, sums);
    }
  }
}

/** Some rows and columns of a matrix of n columns, from the first of each pair to before the second. */
function part(
  matrix: Float64Array,
  n: number,
  [top, bottom]: readonly [number, number],
  [left, right]: readonly [number, number],
): Float32Array {
  const width = right - left;
  const values = new Float32Array((bottom - top) * width);
  for (let row = top; row < bottom; row++) {
    values.set(matrix.subarray(row * n + left, row * n + right), (row - top) * width);
  }
  return values;
}
