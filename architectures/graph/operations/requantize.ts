import type { NodeBase, Operation } from './operation.ts';

/** The same values; in TF8 at other parameters. */
export interface FloatRequantizeNode extends NodeBase {
  readonly op: 'requantize';
  /** The tensor whose parameters they are; a range of its own unless given. */
  readonly like?: string;
}

export const REQUANTIZE: Operation<FloatRequantizeNode> = {
  shape: (_, [input]) => input,
  run: (_, { inputs: [x] }) => x.clone(),
};
