import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../../architectures/graph/float_node.ts';
import { outputShape } from '../../../architectures/graph/operations/table.ts';
import { elements, type Shape } from '../../../architectures/graph/shape.ts';
import { samePadding } from '../../../architectures/graph/window.ts';

/** Numbers that a seed gives. */
class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** In [0, 1): a linear congruential generator (Numerical Recipes), of whose bits the upper ones are used. */
  unit(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state >>> 8) / 2 ** 24;
  }

  integer(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from + 1));
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)];
  }

  numbers(length: number, size: number): Float32Array {
    return Float32Array.from({ length }, () => (2 * this.unit() - 1) * size);
  }
}

/** What a node gets. */
interface Before {
  readonly name: string;
  readonly inputs: readonly [string];
  readonly shape: Shape;
}

type MakeNode = (random: Random, before: Before) => FloatNode;

/** Layers that are made of a shape [H, W, C] with H, W ≥ 3. */
const MAKERS = {
  'dilated convolution': (random, { name, inputs, shape }) => {
    const [kh, kw] = [random.integer(1, 3), random.integer(1, 3)];
    const dilations = [random.integer(1, 3), random.integer(1, 3)] as const;
    const window = [(kh - 1) * dilations[0] + 1, (kw - 1) * dilations[1] + 1] as const;
    const groups = shape[2] % 2 === 0 && random.unit() < 0.5 ? 2 : 1;
    const kernelShape = [kh, kw, shape[2] / groups, 4] as const;
    const strides = [1, 1] as const;
    return {
      ...weighted(random, name, inputs, kernelShape, 4),
      op: 'conv2d',
      strides,
      padding: samePadding(shape, window, strides),
      ...(dilations.some((step) => step > 1) && { dilations }),
      ...(groups > 1 && { groups }),
    };
  },
  'dilated depthwise convolution': (random, { name, inputs, shape }) => {
    const step = random.integer(2, 3);
    const kernelShape = [3, 2, shape[2], random.integer(1, 2)] as const;
    const strides = [1, 1] as const;
    const window = [2 * step + 1, step + 1] as const;
    return {
      ...weighted(random, name, inputs, kernelShape, shape[2] * kernelShape[3]),
      op: 'depthwiseConv2d',
      strides,
      padding: samePadding(shape, window, strides),
      dilations: [step, step],
    };
  },
  'transposed convolution': (random, { name, inputs, shape }) => {
    const strides = [random.integer(1, 2), random.integer(1, 2)] as const;
    const kernelShape = [random.integer(1, 3), random.integer(2, 3), shape[2], 3] as const;
    return {
      ...weighted(random, name, inputs, kernelShape, 3),
      op: 'transposedConv2d',
      strides,
      padding: { top: random.integer(0, 1), bottom: 0, left: 0, right: random.integer(0, 1) },
      ...(strides[0] > 1 && random.unit() < 0.5 && { outputPadding: [1, 0] as const }),
    };
  },
  prelu: (random, { name, inputs, shape }) => {
    const alphaShape = random.of([[1, 1, shape[2]], shape, [1, 1, 1]]);
    const size = random.of([0.3, 2]);
    return {
      op: 'prelu',
      name,
      inputs,
      alpha: random.numbers(elements(alphaShape), size),
      alphaShape,
    };
  },
  resize: (random, { name, inputs, shape }) => ({
    op: 'resize',
    name,
    inputs,
    size: random.of([
      [shape[0] * 2, shape[1] * 2],
      [random.integer(3, 12), random.integer(3, 12)],
    ]),
    method: random.of(['nearest', 'bilinear']),
    corners: random.of(['halfPixel', 'asymmetric', 'aligned']),
  }),
  slice: (random, { name, inputs, shape }) => {
    const strides = [random.integer(1, 2), 1, random.integer(1, 2)];
    const begin = [random.integer(0, 1), random.integer(0, 1), 0];
    const size = shape.map((side, axis) =>
      Math.max(1, Math.ceil((side - begin[axis]) / strides[axis]) - random.integer(0, 1)),
    );
    return { op: 'slice', name, inputs, begin, size, strides };
  },
} satisfies Record<string, MakeNode>;

/** A network of `layers` random layers, an average and a fully connected layer: [9, 8, 3] → [5], or its softmax. */
export function randomGraph(seed: number, layers: number, softmax: boolean): FloatGraph {
  const random = new Random(seed);
  const input = { name: 'image', shape: [9, 8, 3] };
  const nodes: FloatNode[] = [];
  let before: { readonly name: string; readonly shape: Shape } = input;
  const add = (make: MakeNode) => {
    const { shape } = before;
    const node = make(random, { name: `layer${nodes.length}`, inputs: [before.name], shape });
    nodes.push(node);
    before = { name: node.name, shape: outputShape(node, [shape]) };
  };
  const makers: readonly MakeNode[] = Object.values(MAKERS);
  for (let n = 0; n < layers; n++) {
    const [height, width] = before.shape;
    // What became small is made larger.
    add(height < 4 || width < 4 ? enlarged : makers[(seed + n) % makers.length]);
  }
  add((_, { name, inputs }) => ({ op: 'globalAveragePool', name, inputs, keepDims: true }));
  add((_, { name, inputs, shape }) => ({
    ...weighted(random, name, inputs, [1, 1, elements(shape), 5], 5),
    op: 'fullyConnected',
    activation: 'linear',
    strides: [1, 1],
    padding: samePadding([1, 1], [1, 1], [1, 1]),
  }));
  if (softmax) add((_, { name, inputs }) => ({ op: 'softmax', name, inputs }));
  return floatGraph({ name: `random ${seed}`, input, nodes, outputs: [before.name] });
}

const enlarged: MakeNode = (_, { name, inputs }) => ({
  op: 'resize',
  name,
  inputs,
  size: [8, 7],
  method: 'bilinear',
  corners: 'halfPixel',
});

function weighted(
  random: Random,
  name: string,
  inputs: readonly [string],
  kernelShape: readonly [number, number, number, number],
  outputs: number,
) {
  const taps = kernelShape[0] * kernelShape[1] * kernelShape[2];
  return {
    name,
    inputs,
    kernel: random.numbers(elements(kernelShape), 2 / Math.sqrt(taps)),
    kernelShape,
    bias: random.numbers(outputs, 0.2),
    activation: random.of(['linear', 'relu', 'relu6'] as const),
  };
}
