import { isSameShape } from '../shape.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** Joins its inputs, one after another along an axis. */
export interface FloatConcatNode extends NodeBase {
  readonly op: 'concat';
  /** Counted from the last: −1 is the channels. */
  readonly axis: number;
}

export const CONCAT: Operation<FloatConcatNode> = {
  shape(node, inputs) {
    const [first] = inputs;
    const { axis } = node;
    if (!inputs.every((shape) => isSameShape(shape.with(axis, 0), first.with(axis, 0)))) {
      throw misfit(node, 'inputs of one size', inputs);
    }
    return first.with(
      axis,
      inputs.reduce((sum, shape) => sum + shape.at(axis)!, 0),
    );
  },
  run: ({ axis }, { tf, inputs }) => tf.concat([...inputs], inputs[0].rank + axis),
};
