import { ARITHMETIC } from './arithmetic.ts';
import type { NodeBase, Operation } from './operation.ts';

/** The greater or the lesser of two, position by position; one row, column or channel counts for all. */
export interface FloatExtremeNode extends NodeBase {
  readonly op: 'maximum' | 'minimum';
  /** Two. */
  readonly inputs: readonly string[];
}

export const EXTREME: Operation<FloatExtremeNode> = {
  shape: (node, inputs) => ARITHMETIC.shape({ ...node, op: 'add', activation: 'linear' }, inputs),
  run: ({ op }, { inputs: [a, b] }) => (op === 'maximum' ? a.maximum(b) : a.minimum(b)),
};
