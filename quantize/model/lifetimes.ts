import { elements } from '../params/shape.ts';
import type { Lifetime } from './arena_layout.ts';

/** A tensor of a network that runs node by node. */
export interface MadeTensor {
  readonly name: string;
  /** [H, W, C] */
  readonly shape: readonly number[];
  /** Names of the tensors that it is made from. */
  readonly inputs: readonly string[];
}

/**
 * The network's input and each node's tensor, from the node that makes it to the last that reads it; to
 * the end where it is kept. The input is there before node 0.
 * @param kept names of tensors that a run gives back
 */
export function lifetimes(
  input: Omit<MadeTensor, 'inputs'>,
  nodes: readonly MadeTensor[],
  kept: ReadonlySet<string>,
): readonly Lifetime[] {
  const last = new Map([[input.name, -1]]);
  for (const [index, { name, inputs }] of nodes.entries()) {
    for (const read of inputs) last.set(read, index);
    last.set(name, index);
  }
  return [input, ...nodes].map(({ name, shape }, index) => ({
    name,
    bytes: elements(shape),
    first: index - 1,
    last: kept.has(name) ? nodes.length : last.get(name)!,
  }));
}
