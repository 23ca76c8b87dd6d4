import type { NodeBase, Operation } from './operation.ts';

/** Probabilities of the channels. */
export interface FloatSoftmaxNode extends NodeBase {
  readonly op: 'softmax';
}

export const SOFTMAX: Operation<FloatSoftmaxNode> = {
  shape: (_, [input]) => input,
  run: (_, { tf, inputs: [x] }) => tf.softmax(x),
};
