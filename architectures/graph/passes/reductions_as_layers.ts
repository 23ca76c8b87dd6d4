import { type FloatGraph, floatGraph, shapeIn } from '../float_graph.ts';
import type { FloatNode, FloatWeightedNode } from '../float_node.ts';
import type { FloatReduceNode } from '../operations/reduce.ts';
import { elements, type Shape } from '../shape.ts';
import { NO_PADDING } from '../window.ts';

/** Of an image, [H, W, C]. */
const RANK = 3;

/**
 * Makes means and sums over any axes of layers that there are: a mean over rows or columns is a pool, one
 * over channels, and any sum, a convolution whose weights are all alike, 1 / n or 1. So one rounding follows
 * the exact sum, at a scale of its own.
 */
export function reductionsAsLayers(graph: FloatGraph): FloatGraph {
  const nodes = graph.nodes.flatMap((node) =>
    node.op === 'mean' || node.op === 'sum' ? layersOf(graph, node) : [node],
  );
  return floatGraph({ ...graph, nodes });
}

function layersOf(graph: FloatGraph, node: FloatReduceNode): FloatNode[] {
  const { name, inputs, axes, className } = node;
  const input = shapeIn(graph, inputs[0]);
  const missing = Math.max(0, RANK - input.length);
  const image: Shape = [...Array<number>(missing).fill(1), ...input];
  const reduced = axes.map((axis) => axis + missing);
  const shape = image.map((side, axis) => (reduced.includes(axis) ? 1 : side));
  const target = shapeIn(graph, name);
  const isImage = target.length === RANK && target.join() === shape.join();
  const base = className === undefined ? {} : { className };
  const before: FloatNode[] =
    missing === 0 ? [] : [{ ...base, op: 'reshape', name: `${name}/image`, inputs, target: image }];
  const layer = layerOf(node, image, reduced, {
    ...base,
    name: isImage ? name : `${name}/${node.op}`,
    inputs: before.length === 0 ? inputs : [before[0].name],
  });
  if (isImage) return [...before, layer];
  return [...before, layer, { ...base, op: 'reshape', name, inputs: [layer.name], target }];
}

type Place = Pick<FloatNode, 'name' | 'inputs' | 'className'>;

function layerOf(
  { op }: FloatReduceNode,
  [height, width, channels]: Shape,
  axes: readonly number[],
  place: Place,
): FloatNode {
  const window = [axes.includes(0) ? height : 1, axes.includes(1) ? width : 1] as const;
  const overChannels = axes.includes(2);
  if (op === 'mean' && !overChannels) {
    if (window[0] === height && window[1] === width) {
      return { ...place, op: 'globalAveragePool', keepDims: true };
    }
    return {
      ...place,
      op: 'averagePool2d',
      windowShape: window,
      strides: window,
      padding: NO_PADDING,
    };
  }
  const kernelShape: FloatWeightedNode['kernelShape'] = [...window, channels, 1];
  const taps = window[0] * window[1] * (overChannels ? channels : 1);
  return {
    ...place,
    op: overChannels ? 'conv2d' : 'depthwiseConv2d',
    kernel: new Float32Array(elements(kernelShape)).fill(op === 'mean' ? 1 / taps : 1),
    kernelShape,
    bias: new Float32Array(overChannels ? 1 : channels),
    strides: [1, 1],
    padding: NO_PADDING,
    activation: 'linear',
  };
}
