import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** Axes in another order: axis i of the output is axis `permutation[i]` of the input, the batch not counted. */
export interface FloatTransposeNode extends NodeBase {
  readonly op: 'transpose';
  readonly permutation: readonly number[];
}

export const TRANSPOSE: Operation<FloatTransposeNode> = {
  shape(node, [input]) {
    const { permutation } = node;
    if (permutation.toSorted().join() !== input.map((_, axis) => axis).join()) {
      throw misfit(node, `a tensor of the axes [${permutation}]`, [input]);
    }
    return permutation.map((axis) => input[axis]);
  },
  run: ({ permutation }, { inputs: [x] }) =>
    x.transpose([0, ...permutation.map((axis) => axis + 1)]),
};
