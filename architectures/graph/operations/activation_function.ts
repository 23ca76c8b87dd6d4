import type * as tf from '@tensorflow/tfjs';

/** min(max, x) above the threshold, slope · (x − threshold) up to it. */
export interface GeneralRelu {
  readonly kind: 'relu';
  /** Infinity where there is none. */
  readonly max: number;
  readonly slope: number;
  readonly threshold: number;
}

/** Functions of one value without parameters. */
export type PlainActivation =
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'sigmoid'
  | 'tanh'
  | 'hardSigmoid'
  | 'swish'
  | 'elu'
  | 'selu'
  | 'softplus'
  | 'softsign';

/** Functions that stand in expressions alone; the square root is that of max(x, 0). */
export type MathFunction = 'exp' | 'erf' | 'sqrt';

/** A function of one value x, out of others. */
export type Expression =
  | { readonly kind: 'x' }
  /** scale · value + shift */
  | {
      readonly kind: 'affine';
      readonly of: Expression;
      readonly scale: number;
      readonly shift: number;
    }
  | {
      readonly kind: 'function';
      readonly of: Expression;
      readonly activation: PlainActivation | GeneralRelu | MathFunction;
    }
  | {
      readonly kind: 'add' | 'subtract' | 'multiply' | 'maximum' | 'minimum';
      readonly of: readonly [Expression, Expression];
    };

/** Several operations as one function, such as the hard swish x · relu6(x + 3) / 6. */
export interface ComposedActivation {
  readonly kind: 'composed';
  readonly expression: Expression;
}

/** A function of one value. A `GeneralRelu` is none of 'linear', 'relu' and 'relu6'. */
export type Activation = PlainActivation | GeneralRelu | ComposedActivation;

const PLAIN: Readonly<Record<PlainActivation, (x: tf.Tensor, tensorFlow: typeof tf) => tf.Tensor>> =
  {
    linear: (x) => x,
    relu: (x) => x.relu(),
    relu6: (x) => x.relu6(),
    sigmoid: (x) => x.sigmoid(),
    tanh: (x) => x.tanh(),
    // Keras': clamp(0.2 · x + 0.5, 0, 1)
    hardSigmoid: (x) => x.mul(0.2).add(0.5).clipByValue(0, 1),
    swish: (x) => x.mul(x.sigmoid()),
    elu: (x) => x.elu(),
    selu: (x) => x.selu(),
    softplus: (x) => x.softplus(),
    softsign: (x, { abs }) => x.div(abs(x).add(1)),
  };

const MATH: Readonly<Record<MathFunction, (x: tf.Tensor) => tf.Tensor>> = {
  exp: (x) => x.exp(),
  erf: (x) => x.erf(),
  sqrt: (x) => x.relu().sqrt(),
};

export function isMathFunction(f: PlainActivation | GeneralRelu | MathFunction): f is MathFunction {
  return typeof f === 'string' && Object.hasOwn(MATH, f);
}

export function isPlainActivation(name: string): name is PlainActivation {
  return Object.hasOwn(PLAIN, name);
}

/** How the parts of an expression become values. */
export interface Evaluator<Value> {
  readonly x: Value;
  affine(value: Value, scale: number, shift: number): Value;
  apply(activation: PlainActivation | GeneralRelu | MathFunction, value: Value): Value;
  add(a: Value, b: Value): Value;
  subtract(a: Value, b: Value): Value;
  multiply(a: Value, b: Value): Value;
  maximum(a: Value, b: Value): Value;
  minimum(a: Value, b: Value): Value;
}

export function evaluate<Value>(expression: Expression, by: Evaluator<Value>): Value {
  switch (expression.kind) {
    case 'x':
      return by.x;
    case 'affine':
      return by.affine(evaluate(expression.of, by), expression.scale, expression.shift);
    case 'function':
      return by.apply(expression.activation, evaluate(expression.of, by));
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'maximum':
    case 'minimum': {
      const [a, b] = expression.of;
      return by[expression.kind](evaluate(a, by), evaluate(b, by));
    }
  }
}

/** The ReLU with these parameters, by its name where it has one. */
export function reluOf({ max, slope, threshold }: Omit<GeneralRelu, 'kind'>): Activation {
  if (slope === 0 && threshold === 0 && max === Infinity) return 'relu';
  if (slope === 0 && threshold === 0 && max === 6) return 'relu6';
  return { kind: 'relu', max, slope, threshold };
}

/** Where a ReLU without slope and threshold ends; undefined of anything else. */
export function boundOf(activation: Activation): number | undefined {
  if (activation === 'relu') return Infinity;
  if (activation === 'relu6') return 6;
  if (typeof activation === 'string') return undefined;
  if (activation.kind === 'composed') return undefined;
  return activation.slope === 0 && activation.threshold === 0 ? activation.max : undefined;
}

/** Two activations, one after the other, as one; undefined where that has no name. */
export function inOne(first: Activation, second: Activation): Activation | undefined {
  if (first === 'linear') return second;
  if (second === 'linear') return first;
  const [a, b] = [boundOf(first), boundOf(second)];
  if (a === undefined || b === undefined || a < 0 || b < 0) return undefined;
  return reluOf({ max: Math.min(a, b), slope: 0, threshold: 0 });
}

/** Whether zeros stay zeros, as the padding around an image. */
export function keepsZero(activation: Activation): boolean {
  if (typeof activation === 'string') {
    return activation !== 'sigmoid' && activation !== 'hardSigmoid' && activation !== 'softplus';
  }
  if (activation.kind === 'composed') return false;
  // A threshold below 0 lets 0 through, to at most the maximum.
  return activation.threshold <= 0 ? activation.max >= 0 : activation.slope === 0;
}

export function activated(activation: Activation, x: tf.Tensor, tensorFlow: typeof tf): tf.Tensor {
  if (typeof activation === 'string') return PLAIN[activation](x, tensorFlow);
  if (activation.kind === 'composed') {
    return evaluate<tf.Tensor>(activation.expression, {
      x,
      affine: (value, scale, shift) => value.mul(scale).add(shift),
      apply: (own, value) =>
        isMathFunction(own) ? MATH[own](value) : activated(own, value, tensorFlow),
      add: (a, b) => a.add(b),
      subtract: (a, b) => a.sub(b),
      multiply: (a, b) => a.mul(b),
      maximum: (a, b) => a.maximum(b),
      minimum: (a, b) => a.minimum(b),
    });
  }
  const { max, slope, threshold } = activation;
  const above = max === Infinity ? x : x.minimum(max);
  return tensorFlow.where(x.greater(threshold), above, x.sub(threshold).mul(slope));
}
