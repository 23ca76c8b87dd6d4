import type { Shape } from '../shape.ts';
import { type Activation, activated } from './activation_function.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** Position by position; where an input has one row, column or channel, it counts for all. */
export interface FloatArithmeticNode extends NodeBase {
  readonly op: 'add' | 'subtract' | 'multiply';
  /** Two or more; of a difference two. */
  readonly inputs: readonly string[];
  /** Of the result. */
  readonly activation: Activation;
}

export const ARITHMETIC: Operation<FloatArithmeticNode> = {
  shape: (node, inputs) =>
    inputs.reduce((a, b): Shape => {
      const fits = a.every((side, axis) => side === b[axis] || side === 1 || b[axis] === 1);
      if (a.length !== b.length || !fits) throw misfit(node, 'inputs of one size', inputs);
      return a.map((side, axis) => Math.max(side, b[axis]));
    }),
  run({ op, activation }, { tf, inputs }) {
    const apply = { add: tf.add, subtract: tf.sub, multiply: tf.mul }[op];
    return activated(
      activation,
      inputs.reduce((a, b) => apply(a, b)),
      tf,
    );
  },
};
