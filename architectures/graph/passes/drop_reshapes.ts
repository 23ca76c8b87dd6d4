import { type FloatGraph, shapeIn } from '../float_graph.ts';
import { elements, isSameShape } from '../shape.ts';
import { bypass, usersOf } from './rewrite.ts';

/**
 * Drops reshapes that nothing depends on: those to the shape that is there, those whose values are read
 * in any shape (by fully connected layers, by other reshapes), and those that make the output a vector.
 */
export function dropReshapes(graph: FloatGraph): FloatGraph {
  const rest = bypass(
    graph,
    (node) => node.op === 'reshape' && isSameShape(node.target, shapeIn(graph, node.inputs[0])),
  );
  const dropped = bypass(rest, ({ name, op }) => op === 'reshape' && isReadInAnyShape(rest, name));
  return dropped.nodes.length < graph.nodes.length ? dropReshapes(dropped) : dropped;
}

function isReadInAnyShape(graph: FloatGraph, tensor: string): boolean {
  const shape = shapeIn(graph, tensor);
  if (graph.outputs.includes(tensor) && shape.at(-1) !== elements(shape)) return false;
  return usersOf(graph, tensor).every(
    ({ name, op }) =>
      op === 'fullyConnected' ||
      op === 'reshape' ||
      (op === 'activation' && isReadInAnyShape(graph, name)),
  );
}
