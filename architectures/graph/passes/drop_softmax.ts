import type { FloatGraph } from '../float_graph.ts';
import { bypass, usersOf } from './rewrite.ts';

/** Drops softmaxes that are outputs and that nothing reads: what is left ends in the logits. */
export function dropSoftmax(graph: FloatGraph): FloatGraph {
  return bypass(graph, ({ name, op }) => op === 'softmax' && usersOf(graph, name).length === 0);
}
