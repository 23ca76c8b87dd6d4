import { type FloatGraph, floatGraph } from '../float_graph.ts';
import type { FloatNode } from '../float_node.ts';
import type { Shape } from '../shape.ts';

/** Makes every vector [C] an image of one pixel, [1, 1, C]: its values stay the same. */
export function vectorsAsImages(graph: FloatGraph): FloatGraph {
  const { input, nodes } = graph;
  return floatGraph({
    ...graph,
    input: { ...input, shape: asImage(input.shape) },
    nodes: nodes.map(ofImages),
  });
}

function ofImages(node: FloatNode): FloatNode {
  switch (node.op) {
    case 'fullyConnected':
    case 'globalAveragePool':
      return { ...node, keepDims: true };
    case 'reshape':
      return { ...node, target: asImage(node.target) };
    case 'activation':
    case 'add':
    case 'averagePool2d':
    case 'batchNorm':
    case 'concat':
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'dropout':
    case 'maxPool2d':
    case 'multiply':
    case 'pad':
    case 'softmax':
    case 'subtract':
      return node;
  }
}

function asImage(shape: Shape): Shape {
  return shape.length === 1 ? [1, 1, ...shape] : shape;
}
