import { isWeighted, type Tf8Model, type Tf8Node } from '../model/tf8_model.ts';
import type { Nodes } from '../ops/table.ts';

/** A node of a model in a run; with a table behind it, if that alone reads it. */
export interface RunStep {
  /** Place of the node in the model. */
  readonly index: number;
  readonly node: Tf8Node;
  /** Computed along: the tensor between them is never written. */
  readonly table?: Nodes['lookup' | 'requantize'];
}

/**
 * What a run does, in order: each node, a table together with the layer with weights before it.
 * @param kept names of tensors that a run gives back
 */
export function runSteps({ nodes }: Tf8Model, kept: ReadonlySet<string>): readonly RunStep[] {
  const users = new Map<string, Tf8Node[]>();
  for (const node of nodes) {
    for (const input of node.inputs) users.set(input, [...(users.get(input) ?? []), node]);
  }
  const fused = new Set<string>();
  return nodes.flatMap((node, index): RunStep[] => {
    if (fused.has(node.name)) return [];
    const [user, ...others] = users.get(node.name) ?? [];
    const isTable = user?.op === 'lookup' || user?.op === 'requantize';
    if (!isWeighted(node) || !isTable || others.length > 0 || kept.has(node.name)) {
      return [{ index, node }];
    }
    fused.add(user.name);
    return [{ index, node, table: user }];
  });
}
