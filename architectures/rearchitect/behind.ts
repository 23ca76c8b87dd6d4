/** What stands behind a layer of a network whose batch norms are not folded. */
import type { FloatGraph } from '../graph/float_graph.ts';
import type { FloatBatchNormNode } from '../graph/operations/batch_norm.ts';
import { hasOneUser, usersOf } from '../graph/passes/rewrite.ts';

/** The batch norm that alone reads a layer, as `foldBatchNorms` folds it; undefined where there is none. */
export function batchNormBehind(graph: FloatGraph, layer: string): FloatBatchNormNode | undefined {
  const [user] = usersOf(graph, layer);
  const isFolded = user?.op === 'batchNorm' && user.axis === -1 && hasOneUser(graph, layer);
  return isFolded ? user : undefined;
}

/** The layer, and the nodes behind it as far as each alone reads the one before and is no layer itself. */
export function readersThrough(graph: FloatGraph, layer: string): string[] {
  const names = [layer];
  for (;;) {
    const last = names.at(-1)!;
    const [user] = usersOf(graph, last);
    if (user === undefined || !hasOneUser(graph, last)) return names;
    if (user.op !== 'batchNorm' && user.op !== 'activation' && user.op !== 'dropout') return names;
    names.push(user.name);
  }
}
