import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import {
  type FloatNode,
  type FloatWeightedNode,
  isWeightedFloat,
} from '../../../architectures/graph/float_node.ts';
import type { FloatImages } from '../../../architectures/graph/float_nodes.ts';
import type { FloatDepthwiseConv2dNode } from '../../../architectures/graph/operations/depthwise_conv2d.ts';
import { outputShape } from '../../../architectures/graph/operations/table.ts';
import type { Analysis } from '../../../quantize/analyze/analysis.ts';
import { Analyzer } from '../../../quantize/analyze/analyzer.ts';
import type { FloatKernels } from '../../../quantize/analyze/float_kernels.ts';
import { FloatNetwork } from '../../../quantize/analyze/float_network.ts';
import { convertGraph } from '../../../quantize/convert/convert_graph.ts';
import { type ObservedRange, rangeOf } from '../../../quantize/convert/observed_range.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import type { Tf8Model } from '../../../quantize/model/tf8_model.ts';
import { NO_PADDING, samePadding } from '../../../quantize/params/window.ts';

/** The same numbers in [−1, 1) at every call. */
export function someNumbers(length: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 12345;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (2 * state) / 2 ** 32 - 1;
  });
}

/**
 * One node in double precision, by the definitions of the operations; outputs of convolutions, global
 * averages and fully connected layers, [N, H', W', M].
 */
export function inDouble(
  node: FloatNode,
  input: { readonly values: ArrayLike<number>; readonly shape: readonly number[] },
  batch: number,
  activation = isWeightedFloat(node) ? node.activation : 'linear',
): Float64Array {
  const [height, width, channels] = input.shape;
  const [rows, columns, outputs] = outputShape(node, [input.shape]);
  const result = new Float64Array(batch * rows * columns * outputs);
  const at = (n: number, y: number, x: number, c: number) =>
    y < 0 || y >= height || x < 0 || x >= width
      ? 0
      : input.values[((n * height + y) * width + x) * channels + c];
  const activate = (value: number) => {
    if (activation === 'linear') return value;
    return Math.min(Math.max(value, 0), activation === 'relu6' ? 6 : Infinity);
  };
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        for (let m = 0; m < outputs; m++) {
          let sum = 0;
          if (node.op === 'globalAveragePool') {
            for (let i = 0; i < height * width; i++)
              sum += at(n, Math.floor(i / width), i % width, m);
            sum /= height * width;
          } else {
            const { kernel, kernelShape, strides, padding, bias, op } = node as FloatWeightedNode;
            const { dilations = [1, 1] } = node as Partial<FloatDepthwiseConv2dNode>;
            const [kh, kw, depth, last] = kernelShape;
            sum = bias[m];
            for (let i = 0; i < kh; i++) {
              for (let j = 0; j < kw; j++) {
                const [row, column] = [
                  y * strides[0] + i * dilations[0] - padding.top,
                  x * strides[1] + j * dilations[1] - padding.left,
                ];
                if (op === 'depthwiseConv2d') {
                  const channel = Math.floor(m / last);
                  sum += at(n, row, column, channel) * kernel[(i * kw + j) * outputs + m];
                } else {
                  for (let c = 0; c < depth; c++) {
                    sum += at(n, row, column, c) * kernel[((i * kw + j) * depth + c) * outputs + m];
                  }
                }
              }
            }
          }
          result[((n * rows + y) * columns + x) * outputs + m] = activate(sum);
        }
      }
    }
  }
  return result;
}

/** The float side in double precision, without TensorFlow. */
export const DOUBLE_KERNELS: FloatKernels = {
  run: (node: FloatNode, inputs: readonly FloatImages[], batch: number) =>
    Float32Array.from(inDouble(node, inputs[0], batch)),
};

const SIDE = 8;

function convolution(
  name: string,
  from: string,
  op: 'conv2d' | 'depthwiseConv2d',
  kernelShape: FloatWeightedNode['kernelShape'],
  [size, stride]: readonly [number, number],
  seed: number,
): FloatWeightedNode {
  const [kh, kw, depth, last] = kernelShape;
  const outputs = op === 'conv2d' ? last : depth;
  const taps = kh * kw * (op === 'conv2d' ? depth : 1);
  return {
    op,
    name,
    inputs: [from],
    kernel: someNumbers(kh * kw * depth * last, seed).map((value) => value * Math.sqrt(6 / taps)),
    kernelShape,
    bias: someNumbers(outputs, seed + 100).map((value) => 0.2 * value),
    strides: [stride, stride],
    padding: kh === 1 ? NO_PADDING : samePadding([size, size], [kh, kw], [stride, stride]),
    activation: 'relu',
  };
}

/** A small network that 8 bits do no harm: its channels are of one size. */
export function healthyGraph(): FloatGraph {
  return floatGraph({
    name: 'healthy',
    input: { name: 'image', shape: [SIDE, SIDE, 3] },
    nodes: [
      convolution('conv', 'image', 'conv2d', [3, 3, 3, 8], [SIDE, 1], 1),
      convolution('depthwise', 'conv', 'depthwiseConv2d', [3, 3, 8, 1], [SIDE, 2], 2),
      convolution('pointwise', 'depthwise', 'conv2d', [1, 1, 8, 12], [SIDE / 2, 1], 3),
      {
        op: 'globalAveragePool',
        name: 'average',
        inputs: ['pointwise'],
        keepDims: true,
      },
      {
        op: 'fullyConnected',
        name: 'logits',
        inputs: ['average'],
        keepDims: true,
        kernel: someNumbers(60, 4),
        kernelShape: [1, 1, 12, 5],
        bias: someNumbers(5, 5),
        strides: [1, 1],
        padding: NO_PADDING,
        activation: 'linear',
      },
    ],
    outputs: ['logits'],
  });
}

/** The graph with some fields of one weighted layer changed. */
export function changed(
  graph: FloatGraph,
  name: string,
  change: (node: FloatWeightedNode) => Partial<FloatWeightedNode>,
): FloatGraph {
  const nodes = graph.nodes.map((node) =>
    node.name === name && isWeightedFloat(node) ? { ...node, ...change(node) } : node,
  );
  return { ...graph, nodes };
}

export const IMAGES = 6;
export const PHOTOGRAPHS = someNumbers(IMAGES * SIDE * SIDE * 3, 9);

/** The TF8 model, calibrated on the photographs; `alter` may give a tensor another range. */
export function convert(
  graph: FloatGraph,
  alter: (name: string, range: ObservedRange) => ObservedRange = (_, range) => range,
): Tf8Model {
  const tensors = new FloatNetwork(graph, DOUBLE_KERNELS).run(PHOTOGRAPHS);
  const ranges = new Map(
    [...tensors].map(([name, values]) => [name, alter(name, rangeOf(values))] as const),
  );
  return convertGraph(
    graph,
    { ranges, images: IMAGES },
    {
      inputRange: alter(graph.input.name, { min: -1, max: 1 }),
      labelOffset: 0,
      classNames: [],
      provenance: {
        floatModel: 'made up for a test',
        floatWeightsSha256: '',
        calibrationImages: IMAGES,
        calibrationData: 'made up for a test',
        zeroVariance: 'keep',
      },
    },
  );
}

export function analyze(
  graph: FloatGraph,
  model: Tf8Model = convert(graph),
  floats: FloatKernels = DOUBLE_KERNELS,
): Analysis {
  const analyzer = new Analyzer({ graph, model, floats, kernels: REFERENCE_KERNELS });
  const half = PHOTOGRAPHS.length / 2;
  analyzer.add(PHOTOGRAPHS.subarray(0, half));
  analyzer.add(PHOTOGRAPHS.subarray(half));
  analyzer.addEffects(PHOTOGRAPHS);
  return analyzer.analysis();
}
