/** Functions of one value that files have operators for, as activations of a float graph. */
import {
  type Activation,
  type ComposedActivation,
  type Expression,
  evaluate,
  reluOf,
} from './activation_function.ts';

const X: Expression = { kind: 'x' };

function affine(of: Expression, scale: number, shift: number): Expression {
  return { kind: 'affine', of, scale, shift };
}

function composed(expression: Expression): ComposedActivation {
  return { kind: 'composed', expression };
}

/** What the activation makes of a value. */
function applied(activation: Activation, of: Expression): Expression {
  if (activation === 'linear') return of;
  if (typeof activation === 'string' || activation.kind === 'relu') {
    return { kind: 'function', of, activation };
  }
  return evaluate<Expression>(activation.expression, {
    x: of,
    affine,
    apply: (own, value) => ({ kind: 'function', of: value, activation: own }),
    add: (a, b) => ({ kind: 'add', of: [a, b] }),
    subtract: (a, b) => ({ kind: 'subtract', of: [a, b] }),
    multiply: (a, b) => ({ kind: 'multiply', of: [a, b] }),
    maximum: (a, b) => ({ kind: 'maximum', of: [a, b] }),
    minimum: (a, b) => ({ kind: 'minimum', of: [a, b] }),
  });
}

/** scale · x + shift, and the activation of it. */
export function ofAffine(scale: number, shift: number, activation: Activation): Activation {
  return composed(applied(activation, affine(X, scale, shift)));
}

function relu(of: Expression, max = Infinity): Expression {
  return applied(reluOf({ max, slope: 0, threshold: 0 }), of);
}

/** low + min(max(x − low, 0), high − low) */
export function clamp(low: number, high: number): Activation {
  return composed(affine(relu(affine(X, 1, -low), high - low), 1, low));
}

/** max(x, bound) */
export function atLeast(bound: number): Activation {
  return composed(affine(relu(affine(X, 1, -bound)), 1, bound));
}

/** min(x, bound) */
export function atMost(bound: number): Activation {
  return composed(affine(relu(affine(X, -1, bound)), -1, bound));
}

/** max(x, 0) + slope · min(x, 0) */
export function leakyRelu(slope: number): Activation {
  return reluOf({ max: Infinity, slope, threshold: 0 });
}

/** √(2/π) and the cubic's part of GELU's approximation by a hyperbolic tangent. */
const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) */
export function approximateGelu(): Activation {
  const square: Expression = { kind: 'multiply', of: [X, X] };
  const inside: Expression = {
    kind: 'multiply',
    of: [X, affine(square, GELU_SCALE * GELU_CUBIC, GELU_SCALE)],
  };
  return composed({
    kind: 'multiply',
    of: [affine(X, 0.5, 0), affine(applied('tanh', inside), 1, 1)],
  });
}

/** x / 2 · (1 + erf(x / √2)) */
export function exactGelu(): Activation {
  const inside = affine(X, Math.SQRT1_2, 0);
  return composed({
    kind: 'multiply',
    of: [affine(X, 0.5, 0), affine({ kind: 'function', of: inside, activation: 'erf' }, 1, 1)],
  });
}

/** scale · x from 0 on, scale · α · (eˣ − 1) below. */
export function eluOf(alpha: number, scale = 1): Activation {
  if (alpha === 1 && scale === 1) return 'elu';
  const below = affine(relu(affine(X, -1, 0)), -1, 0);
  return composed({
    kind: 'add',
    of: [
      affine(relu(X), scale, 0),
      affine({ kind: 'function', of: below, activation: 'exp' }, scale * alpha, -scale * alpha),
    ],
  });
}

/** x · tanh(ln(1 + eˣ)) */
export const MISH = composed({
  kind: 'multiply',
  of: [X, applied('tanh', applied('softplus', X))],
});

/** x − tanh(x) */
export const TANH_SHRINK = composed({ kind: 'subtract', of: [X, applied('tanh', X)] });
/** ln(1 / (1 + e⁻ˣ)) */
export const LOG_SIGMOID = composed(affine(applied('softplus', affine(X, -1, 0)), -1, 0));
export const EXPONENTIAL = composed({ kind: 'function', of: X, activation: 'exp' });
export const ERROR_FUNCTION = composed({ kind: 'function', of: X, activation: 'erf' });
/** √max(x, 0) */
export const SQUARE_ROOT = composed({ kind: 'function', of: X, activation: 'sqrt' });
/** |x| */
export const ABSOLUTE = composed({ kind: 'add', of: [relu(X), relu(affine(X, -1, 0))] });
/** −x */
export const NEGATIVE = composed(affine(X, -1, 0));
/** x² */
export const SQUARE = composed({ kind: 'multiply', of: [X, X] });
/** x³ */
export const CUBE = composed({ kind: 'multiply', of: [X, { kind: 'multiply', of: [X, X] }] });
/** min(max(x, 0), 1) */
export const UNIT = reluOf({ max: 1, slope: 0, threshold: 0 });

/** The map of x that an activation is; undefined where it is another function. */
export function affineOf(
  activation: Activation,
): { readonly scale: number; readonly shift: number } | undefined {
  if (activation === 'linear') return { scale: 1, shift: 0 };
  if (typeof activation === 'string' || activation.kind === 'relu') return undefined;
  const { expression } = activation;
  return expression.kind === 'affine' && expression.of.kind === 'x' ? expression : undefined;
}
