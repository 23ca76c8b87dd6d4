import { type FloatGraph, floatGraph } from '../float_graph.ts';
import type { FloatNode } from '../float_node.ts';
import type { Shape } from '../shape.ts';

/** Of an image, [H, W, C]. */
const RANK = 3;

/** Makes every vector [C] an image of one pixel, [1, 1, C], and [W, C] one of one row: values stay the same. */
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
    case 'prelu':
      return { ...node, alphaShape: asImage(node.alphaShape) };
    case 'reshape':
      return { ...node, target: asImage(node.target) };
    case 'slice': {
      const { begin, size, strides } = node;
      return {
        ...node,
        begin: inFront(begin, 0),
        size: inFront(size, 1),
        strides: inFront(strides, 1),
      };
    }
    case 'transpose': {
      const { permutation } = node;
      const missing = Math.max(0, RANK - permutation.length);
      const first = Array.from({ length: missing }, (_, axis) => axis);
      return { ...node, permutation: [...first, ...permutation.map((axis) => axis + missing)] };
    }
    case 'activation':
    case 'add':
    case 'averagePool2d':
    case 'batchNorm':
    case 'concat':
    case 'conv2d':
    case 'depthToSpace':
    case 'depthwiseConv2d':
    case 'dropout':
    case 'maximum':
    case 'maxPool2d':
    case 'mean':
    case 'minimum':
    case 'multiply':
    case 'pad':
    case 'requantize':
    case 'resize':
    case 'softmax':
    case 'spaceToDepth':
    case 'subtract':
    case 'sum':
    case 'transposedConv2d':
      return node;
  }
}

function asImage(shape: Shape): Shape {
  return inFront(shape, 1);
}

/** The numbers of an image's three axes, those that are missing in front. */
function inFront(numbers: Shape, value: number): Shape {
  return [...Array<number>(Math.max(0, RANK - numbers.length)).fill(value), ...numbers];
}
