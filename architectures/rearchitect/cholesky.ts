/**
 * Symmetric positive definite systems with many right-hand sides, in double precision: Cholesky's
 * factorization with the loops in the order of the memory. `ml-matrix` 6.15's
 * CholeskyDecomposition walks columns of row-major matrices: it takes 17 s for 1024 right-hand sides
 * of a 1024 × 1024 system, the size of MobileNetV1's last layer, where this takes about one.
 */

/** Columns of the right-hand sides that are worked on at once: 1024 rows of them fit a 512 KiB cache. */
const COLUMNS = 64;

/**
 * The lower triangle L of A = L·Lᵀ (Golub and Van Loan, Matrix Computations, 4.2), row by row.
 * @param a [n, n] row-major, of which the lower triangle is read
 * @returns [n, n], 0 above the diagonal; undefined where A is not positive definite
 */
export function choleskyFactor(a: Float64Array, n: number): Float64Array | undefined {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const sum = a[row + j] - dot(l, row, j * n, j);
      if (j < i) l[row + j] = sum / l[j * n + j];
      else if (sum > 0) l[row + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return l;
}

/** Solves L·Lᵀ·X = B. @param b [n, m] row-major; becomes X */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array, m: number): void {
  const upper = transposed(l, n);
  for (let from = 0; from < m; from += COLUMNS) {
    const to = Math.min(from + COLUMNS, m);
    for (let i = 0; i < n; i++) {
      addRows(b, b, m, from, to, i, 0, i, l, i * n, -1);
      divideRow(b, i * m + from, i * m + to, l[i * n + i]);
    }
    for (let i = n - 1; i >= 0; i--) {
      addRows(b, b, m, from, to, i, i + 1, n, upper, i * n, -1);
      divideRow(b, i * m + from, i * m + to, l[i * n + i]);
    }
  }
}

/** A·X, a: [n, n], x: [n, m], row-major. */
export function multiply(a: Float64Array, n: number, x: Float64Array, m: number): Float64Array {
  const product = new Float64Array(n * m);
  for (let from = 0; from < m; from += COLUMNS) {
    const to = Math.min(from + COLUMNS, m);
    for (let i = 0; i < n; i++) {
      addRows(product, x, m, from, to, i, 0, n, a, i * n, 1);
    }
  }
  return product;
}

/**
 * y[i] += sign · Σ_k w[k] · x[k] over rows k of [first, last), columns [from, to); w begins at `offset`
 * of `weights`. Eight rows at a time: a sum is loaded and stored once for eight products.
 */
function addRows(
  y: Float64Array,
  x: Float64Array,
  m: number,
  from: number,
  to: number,
  i: number,
  first: number,
  last: number,
  weights: Float64Array,
  offset: number,
  sign: 1 | -1,
): void {
  const target = i * m;
  let k = first;
  for (; k + 7 < last; k += 8) {
    const w = offset + k;
    const w0 = sign * weights[w];
    const w1 = sign * weights[w + 1];
    const w2 = sign * weights[w + 2];
    const w3 = sign * weights[w + 3];
    const w4 = sign * weights[w + 4];
    const w5 = sign * weights[w + 5];
    const w6 = sign * weights[w + 6];
    const w7 = sign * weights[w + 7];
    const row = k * m;
    for (let j = from; j < to; j++) {
      const at = row + j;
      const low = w0 * x[at] + w1 * x[at + m] + (w2 * x[at + 2 * m] + w3 * x[at + 3 * m]);
      const high =
        w4 * x[at + 4 * m] + w5 * x[at + 5 * m] + (w6 * x[at + 6 * m] + w7 * x[at + 7 * m]);
      y[target + j] += low + high;
    }
  }
  for (; k < last; k++) {
    const w = sign * weights[offset + k];
    for (let j = from; j < to; j++) y[target + j] += w * x[k * m + j];
  }
}

function transposed(l: Float64Array, n: number): Float64Array {
  const upper = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) upper[j * n + i] = l[i * n + j];
  }
  return upper;
}

function divideRow(b: Float64Array, from: number, to: number, divisor: number): void {
  for (let j = from; j < to; j++) b[j] /= divisor;
}

/** Σ_k l[a + k] · l[b + k] over k < length. */
function dot(l: Float64Array, a: number, b: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += l[a + k] * l[b + k];
    s1 += l[a + k + 1] * l[b + k + 1];
    s2 += l[a + k + 2] * l[b + k + 2];
    s3 += l[a + k + 3] * l[b + k + 3];
  }
  for (; k < length; k++) s0 += l[a + k] * l[b + k];
  return s0 + s1 + (s2 + s3);
}
