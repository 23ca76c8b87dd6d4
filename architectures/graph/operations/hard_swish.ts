import type { ComposedActivation, Expression } from './activation_function.ts';

const X: Expression = { kind: 'x' };

/** relu6(x + 3) / 6 */
const HARD_SIGMOID: Expression = {
  kind: 'affine',
  of: {
    kind: 'function',
    of: { kind: 'affine', of: X, scale: 1, shift: 3 },
    activation: 'relu6',
  },
  scale: 1 / 6,
  shift: 0,
};

/** MobileNetV3's sigmoid (arXiv 1905.02244, 5.2): relu6(x + 3) / 6. */
export const HARD_SIGMOID_6: ComposedActivation = { kind: 'composed', expression: HARD_SIGMOID };

/** Its swish: x · relu6(x + 3) / 6. */
export const HARD_SWISH: ComposedActivation = {
  kind: 'composed',
  expression: { kind: 'multiply', of: [X, HARD_SIGMOID] },
};
