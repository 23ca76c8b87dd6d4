import type { FloatGraph } from '../float_graph.ts';
import { withoutUnread } from './rewrite.ts';

/** Drops the nodes that no output comes from. */
export function dropUnread(graph: FloatGraph): FloatGraph {
  return withoutUnread(graph, new Set(graph.nodes.map(({ name }) => name)));
}
