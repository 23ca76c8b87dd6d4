import { type Activation, activated } from './activation_function.ts';
import type { NodeBase, Operation } from './operation.ts';

/** A function of each value. */
export interface FloatActivationNode extends NodeBase {
  readonly op: 'activation';
  readonly activation: Activation;
}

export const ACTIVATION: Operation<FloatActivationNode> = {
  shape: (_, [input]) => input,
  run: ({ activation }, { inputs: [x], tf }) => activated(activation, x, tf),
};
