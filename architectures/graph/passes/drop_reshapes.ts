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
  const dropped = bypass(
    rest,
    ({ name, op, inputs: [from] }) => op === 'reshape' && isReadInAnyShape(rest, name, from),
  );
  return dropped.nodes.length < graph.nodes.length ? dropReshapes(dropped) : dropped;
}

/** @param source the tensor with the shape that it has without the reshape */
function isReadInAnyShape(graph: FloatGraph, tensor: string, source: string): boolean {
  const shapes = [tensor, source].map((name) => shapeIn(graph, name));
  const areVectors = shapes.every((shape) => shape.at(-1) === elements(shape));
  if (graph.outputs.includes(tensor) && !areVectors) return false;
  return usersOf(graph, tensor).every(
    ({ name, op }) =>
      op === 'fullyConnected' ||
      op === 'reshape' ||
      (op === 'activation' && isReadInAnyShape(graph, name, source)),
  );
}
