import { type FloatGraph, floatGraph } from '../float_graph.ts';
import type { FloatNode } from '../float_node.ts';
import type { FloatArithmeticNode } from '../operations/arithmetic.ts';
import type { FloatExtremeNode } from '../operations/extreme.ts';
import { elements, type Shape } from '../shape.ts';

type Commutative = (FloatArithmeticNode | FloatExtremeNode) & {
  readonly op: 'add' | 'multiply' | 'maximum' | 'minimum';
};

/**
 * Makes sums, products, maxima and minima of two inputs each, of those of three and more one after another,
 * the larger input first where their order is free.
 */
export function arithmeticInPairs(graph: FloatGraph): FloatGraph {
  const nodes: FloatNode[] = [];
  const shapes = new Map(graph.shapes);
  const sizeOf = (tensor: string) => elements(shapes.get(tensor)!);
  for (const node of graph.nodes) {
    if (!isCommutative(node)) {
      nodes.push(node);
      continue;
    }
    const [first, ...others] = node.inputs.toSorted((a, b) => sizeOf(b) - sizeOf(a));
    let sum = first;
    for (const [index, other] of others.entries()) {
      const isLast = index === others.length - 1;
      const name = isLast ? node.name : `${node.name}/${index + 1}`;
      const pair: FloatNode = { ...node, name, inputs: [sum, other] };
      nodes.push(isLast || !('activation' in pair) ? pair : { ...pair, activation: 'linear' });
      shapes.set(name, widest(shapes.get(sum)!, shapes.get(other)!));
      sum = name;
    }
  }
  return floatGraph({ ...graph, nodes });
}

function isCommutative(node: FloatNode): node is Commutative {
  const { op } = node;
  return op === 'add' || op === 'multiply' || op === 'maximum' || op === 'minimum';
}

function widest(a: Shape, b: Shape): Shape {
  return a.map((side, axis) => Math.max(side, b[axis]));
}
