import type { NodeBase, Operation } from './operation.ts';

/** Sets a share of the values to 0 in training; changes nothing else. */
export interface FloatDropoutNode extends NodeBase {
  readonly op: 'dropout';
}

export const DROPOUT: Operation<FloatDropoutNode> = {
  shape: (_, [input]) => input,
  run: (_, { inputs: [x] }) => x,
};
