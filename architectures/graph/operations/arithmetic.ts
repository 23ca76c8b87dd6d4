import type * as tf from '@tensorflow/tfjs';
import type { Shape } from '../shape.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** Position by position; where an input has one row, column or channel, it counts for all. */
export interface FloatArithmeticNode extends NodeBase {
  readonly op: 'add' | 'multiply';
  /** Two or more. */
  readonly inputs: readonly string[];
}

export const ARITHMETIC: Operation<FloatArithmeticNode> = {
  shape: (node, inputs) =>
    inputs.reduce((a, b): Shape => {
      const fits = a.every((side, axis) => side === b[axis] || side === 1 || b[axis] === 1);
      if (a.length !== b.length || !fits) throw misfit(node, 'inputs of one size', inputs);
      return a.map((side, axis) => Math.max(side, b[axis]));
    }),
  run: ({ op }, { inputs }) =>
    inputs.reduce((a, b): tf.Tensor => (op === 'add' ? a.add(b) : a.mul(b))),
};
