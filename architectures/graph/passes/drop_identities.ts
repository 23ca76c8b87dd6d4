import type { FloatGraph } from '../float_graph.ts';
import { bypass } from './rewrite.ts';

/** Drops what changes nothing in inference: dropout and linear activations. */
export function dropIdentities(graph: FloatGraph): FloatGraph {
  return bypass(
    graph,
    (node) => node.op === 'dropout' || (node.op === 'activation' && node.activation === 'linear'),
  );
}
