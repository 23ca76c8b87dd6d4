import {
  type Activation,
  evaluate,
  isMathFunction,
  type MathFunction,
  type PlainActivation,
} from './activation_function.ts';

export const SELU_ALPHA = 1.6732632423543772;
export const SELU_SCALE = 1.0507009873554805;

const PLAIN: Readonly<Record<PlainActivation, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  hardSigmoid: (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
  swish: (x) => x / (1 + Math.exp(-x)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: (x) => x / (1 + Math.abs(x)),
};

const MATH: Readonly<Record<MathFunction, (x: number) => number>> = {
  exp: Math.exp,
  erf,
  sqrt: (x) => Math.sqrt(Math.max(x, 0)),
};

/** 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1 · 3 · … · (2n + 1)), whose terms have one sign (DLMF 7.6.2). */
function erf(x: number): number {
  // It differs from ±1 by less than a double can tell.
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Number.EPSILON * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The activation of one value, in double precision. */
export function activationOf(activation: Activation): (x: number) => number {
  if (typeof activation === 'string') return PLAIN[activation];
  if (activation.kind === 'composed') {
    return (x) =>
      evaluate<number>(activation.expression, {
        x,
        affine: (value, scale, shift) => scale * value + shift,
        apply: (own, value) => (isMathFunction(own) ? MATH[own] : activationOf(own))(value),
        add: (a, b) => a + b,
        subtract: (a, b) => a - b,
        multiply: (a, b) => a * b,
        maximum: Math.max,
        minimum: Math.min,
      });
  }
  const { max, slope, threshold } = activation;
  return (x) => (x > threshold ? Math.min(x, max) : slope * (x - threshold));
}
