import type { Shape } from '../shape.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** A part of a tensor: `size` values along each axis, from `begin` on, every `strides`-th. */
export interface FloatSliceNode extends NodeBase {
  readonly op: 'slice';
  /** A number an axis, each. */
  readonly begin: Shape;
  readonly size: Shape;
  /** ≥ 1 */
  readonly strides: Shape;
}

export const SLICE: Operation<FloatSliceNode> = {
  shape(node, [input]) {
    const ends = endsOf(node);
    if (input.length !== ends.length || ends.some((end, axis) => end > input[axis])) {
      throw misfit(node, `a tensor that reaches [${ends}]`, [input]);
    }
    return node.size;
  },
  run(node, { tf, inputs: [x] }) {
    const { begin, strides } = node;
    return tf.stridedSlice(x, [0, ...begin], [x.shape[0], ...endsOf(node)], [1, ...strides]);
  },
};

/** Behind the last value along each axis. */
function endsOf({ begin, size, strides }: FloatSliceNode): Shape {
  return size.map((count, axis) => begin[axis] + (count - 1) * strides[axis] + 1);
}
