import { type FloatGraph, floatGraph } from '../float_graph.ts';
import type { FloatNode } from '../float_node.ts';

/**
 * Brings what a maximum or a minimum chooses from to its own parameters: bytes can be compared there. What its
 * range leaves out of an input is never chosen.
 */
export function requantizeExtremes(graph: FloatGraph): FloatGraph {
  const nodes = graph.nodes.flatMap((node): FloatNode[] => {
    if (node.op !== 'maximum' && node.op !== 'minimum') return [node];
    const { name, className } = node;
    const inputs = node.inputs.map(
      (input, index): FloatNode => ({
        op: 'requantize',
        name: `${name}/input_${index}`,
        inputs: [input],
        ...(className !== undefined && { className }),
        like: name,
      }),
    );
    return [...inputs, { ...node, inputs: inputs.map((each) => each.name) }];
  });
  return floatGraph({ ...graph, nodes });
}
