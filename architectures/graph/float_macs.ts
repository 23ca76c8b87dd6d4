import { type FloatGraph, shapeIn } from './float_graph.ts';
import { type FloatNode, isWeightedFloat } from './float_node.ts';
import { elements } from './shape.ts';

/** Multiply-accumulates of a node for one image: those of weights. */
export function macsOf(graph: FloatGraph, node: FloatNode): number {
  if (!isWeightedFloat(node)) return 0;
  const [rows, columns, depth] = node.kernelShape;
  const outputs = elements(shapeIn(graph, node.name));
  if (node.op === 'transposedConv2d') {
    return elements(shapeIn(graph, node.inputs[0])) * rows * columns * node.kernelShape[3];
  }
  if (node.op === 'fullyConnected') return elements(shapeIn(graph, node.inputs[0])) * outputs;
  return outputs * rows * columns * (node.op === 'depthwiseConv2d' ? 1 : depth);
}

/** Multiply-accumulates of a network for one image. */
export function networkMacs(graph: FloatGraph): number {
  return graph.nodes.reduce((sum, node) => sum + macsOf(graph, node), 0);
}
