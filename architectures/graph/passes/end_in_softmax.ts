import { type FloatGraph, floatGraph, shapeIn } from '../float_graph.ts';
import type { FloatNode } from '../float_node.ts';
import { elements } from '../shape.ts';
import { makerOf } from './rewrite.ts';

/**
 * Makes logits that are outputs, vectors of two numbers and more that no function of one value made, probabilities,
 * unless an output is that already.
 */
export function endInSoftmax(graph: FloatGraph): FloatGraph {
  if (graph.outputs.some((output) => makerOf(graph, output)?.op === 'softmax')) return graph;
  const isLogits = (output: string) => {
    const shape = shapeIn(graph, output);
    const count = elements(shape);
    return shape.at(-1) === count && count > 1 && makerOf(graph, output)?.op !== 'activation';
  };
  const ends = new Map(
    graph.outputs.filter(isLogits).map((output) => [output, `${output}/softmax`] as const),
  );
  const softmaxes = [...ends].map(
    ([input, name]): FloatNode => ({ op: 'softmax', name, inputs: [input] }),
  );
  return floatGraph({
    ...graph,
    nodes: [...graph.nodes, ...softmaxes],
    outputs: graph.outputs.map((output) => ends.get(output) ?? output),
  });
}
