import type { FloatGraph } from '../graph/float_graph.ts';
import { absorbPadding } from '../graph/passes/absorb_padding.ts';
import { composeFunctions } from '../graph/passes/compose_functions.ts';
import { dropIdentities } from '../graph/passes/drop_identities.ts';
import { dropUnread } from '../graph/passes/drop_unread.ts';
import { foldBatchNorms } from '../graph/passes/fold_batch_norms.ts';
import { fuseActivations } from '../graph/passes/fuse_activations.ts';

const PASSES: readonly ((graph: FloatGraph) => FloatGraph)[] = [
  dropUnread,
  dropIdentities,
  foldBatchNorms,
  (graph) => composeFunctions(graph),
  absorbPadding,
  (graph) => fuseActivations(graph, () => true),
];

/**
 * A network as its layers are compared and fitted: batch norms folded, activations and padding parts of
 * the layers, which keep their names. The function stays the same.
 * @throws GraphError naming both where a folded weight is not finite
 */
export function foldedGraph(graph: FloatGraph): FloatGraph {
  return PASSES.reduce((folded, pass) => pass(folded), graph);
}
