import type { Shape } from '../shape.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** x from 0 on, α · x below. */
export interface FloatPreluNode extends NodeBase {
  readonly op: 'prelu';
  /** α */
  readonly alpha: Float32Array;
  /** Of as many axes as the input; where it has one row, column or channel, it counts for all. */
  readonly alphaShape: Shape;
}

export const PRELU: Operation<FloatPreluNode> = {
  shape(node, [input]) {
    const { alphaShape } = node;
    const fits =
      alphaShape.length === input.length &&
      alphaShape.every((side, axis) => side === input[axis] || side === 1);
    if (!fits) throw misfit(node, `images that slopes [${alphaShape}] fit`, [input]);
    return input;
  },

  constants: ({ alpha, alphaShape }) => ({ alpha: { values: alpha, shape: alphaShape } }),

  run: (_, { tf, inputs: [x], constants: { alpha } }) =>
    tf.sub(x.relu(), alpha.mul(x.neg().relu())),
};
