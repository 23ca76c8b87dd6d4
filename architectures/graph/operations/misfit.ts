import { GraphError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import type { NodeBase } from './operation.ts';

/** The error of a node that cannot read its inputs. */
export function misfit(node: NodeBase, expected: string, inputs: readonly Shape[]): GraphError {
  const received = inputs.map((shape) => `[${shape}]`).join(' and ');
  return new GraphError(`Expected ${expected} for ${node.name} but received ${received}`);
}
