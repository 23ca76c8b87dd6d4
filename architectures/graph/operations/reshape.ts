import { elements, type Shape } from '../shape.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** The same values in the same order. */
export interface FloatReshapeNode extends NodeBase {
  readonly op: 'reshape';
  readonly target: Shape;
}

export const RESHAPE: Operation<FloatReshapeNode> = {
  shape(node, [input]) {
    const { target } = node;
    if (elements(input) !== elements(target)) {
      throw misfit(node, `${elements(target)} values`, [input]);
    }
    return target;
  },
  run: ({ target }, { inputs: [x] }) => x.reshape([x.shape[0], ...target]),
};
