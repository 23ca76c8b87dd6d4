import { GraphError } from '../errors.ts';
import type { FloatWeightedNode } from '../float_node.ts';

/**
 * The node, into which something was folded.
 * @throws GraphError naming both where one of its weights is not finite
 */
export function requireFinite(node: FloatWeightedNode, folded: string): FloatWeightedNode {
  const isBad = (value: number) => !Number.isFinite(value);
  const bad = node.kernel.find(isBad) ?? node.bias.find(isBad);
  if (bad === undefined) return node;
  throw new GraphError(
    `Expected finite weights of ${node.name} after folding ${folded} but one is ${bad}`,
  );
}
