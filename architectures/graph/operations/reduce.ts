import type { Shape } from '../shape.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** The mean or the sum over some axes. */
export interface FloatReduceNode extends NodeBase {
  readonly op: 'mean' | 'sum';
  /** Of the input's, the batch not counted; each once. */
  readonly axes: readonly number[];
  /** Whether they stay, with one place each. */
  readonly keepDims?: boolean;
}

export const REDUCE: Operation<FloatReduceNode> = {
  shape(node, [input]) {
    const { axes, keepDims = false } = node;
    const isKnown = axes.every((axis) => Number.isInteger(axis) && axis in input);
    if (!isKnown || axes.length === 0 || new Set(axes).size !== axes.length) {
      throw misfit(node, `the axes ${axes.join(', ')}`, [input]);
    }
    const kept: Shape = input.map((side, axis) => (axes.includes(axis) ? 1 : side));
    return keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis));
  },
  run({ op, axes, keepDims = false }, { inputs: [x] }) {
    const behindBatch = axes.map((axis) => axis + 1);
    return op === 'mean' ? x.mean(behindBatch, keepDims) : x.sum(behindBatch, keepDims);
  },
};
