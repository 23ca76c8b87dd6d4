import fc from 'fast-check';
import {
  type ImageShape,
  isWeighted,
  type PoolNode,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
  type WeightedNode,
  withRounding,
} from '../../../quantize/model/tf8_model.ts';
import { accumulatorBound } from '../../../quantize/params/accumulator.ts';
import { lookupTable } from '../../../quantize/params/lookup.ts';
import { ROUNDINGS } from '../../../quantize/params/roundings.ts';
import { isPerChannel, weightScale } from '../../../quantize/params/weight_quantization.ts';
import {
  dilatedWindow,
  NO_PADDING,
  samePadding,
  windowPositions,
} from '../../../quantize/params/window.ts';
import { randomBytes } from '../kernels/make_call.ts';
import { arrange, KINDS } from '../kernels/random_arrangements.ts';

/** Sound models of every operation with random shapes, weights and parameters. */

export const OPS = [
  'conv2d',
  'depthwiseConv2d',
  'averagePool2d',
  'maxPool2d',
  'concat',
  'add',
  'subtract',
  'multiply',
  'lookup',
  'rearrange',
  'resize',
  'requantize',
  'maximum',
  'minimum',
  'prelu',
  'transposedConv2d',
  'globalAveragePool',
  'fullyConnected',
] as const;

type Op = (typeof OPS)[number];

/** What a node has beside the shape that comes before it. */
export interface Step {
  readonly op: Op;
  readonly filters: number;
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Of convolutions. */
  readonly dilations?: readonly [number, number];
  readonly padding: 'same' | 'valid';
  readonly activation: WeightedNode['activation'];
  /** Of the output; concatenations and weighted nodes only. */
  readonly zeroPoint: number;
  readonly weightZeroPoint: number;
  /** Seed of weights and biases; also chooses what a concatenation joins. */
  readonly seed: number;
}

const integer = (min: number, max: number) => fc.integer({ min, max });
const pair = (max: number) => fc.tuple(integer(1, max), integer(1, max));

const step = (op: fc.Arbitrary<Op>): fc.Arbitrary<Step> =>
  fc.record({
    op,
    filters: integer(1, 5),
    window: pair(3),
    strides: pair(2),
    dilations: fc.constantFrom([1, 1] as const, [2, 2] as const, [1, 3] as const),
    padding: fc.constantFrom('same', 'valid'),
    activation: fc.constantFrom('linear', 'relu', 'relu6'),
    zeroPoint: integer(0, 255),
    weightZeroPoint: integer(0, 255),
    seed: integer(0, 10_000),
  });

/** Random models; those of `withEveryOp` hold each operation at least once. */
export function randomModels(options: { withEveryOp: boolean }): fc.Arbitrary<Tf8Model> {
  const steps = options.withEveryOp
    ? fc.tuple(...OPS.map((op) => step(fc.constant(op))))
    : fc.array(step(fc.constantFrom(...OPS)), { maxLength: 5 });
  return fc
    .record({
      inputShape: fc.tuple(integer(1, 7), integer(1, 7), integer(1, 3)),
      inputZeroPoint: integer(0, 255),
      steps,
      last: step(fc.constant('fullyConnected')),
      name: fc.string(),
      classNames: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }),
      labelOffset: integer(0, 1),
    })
    .map(({ inputShape, inputZeroPoint, steps: before, last, ...rest }) =>
      buildModel(inputShape, inputZeroPoint, [...before, last], rest),
    );
}

/**
 * Random models with several outputs, some of which other nodes read, in any order; every node leads to
 * an output.
 */
export function randomModelsOfOutputs(options: { withEveryOp: boolean }): fc.Arbitrary<Tf8Model> {
  return randomModels(options).chain((model) => {
    const names = model.nodes.map(({ name }) => name);
    return fc
      .shuffledSubarray(names, { minLength: 1, maxLength: Math.min(3, names.length) })
      .map((outputs) => {
        const last = Math.max(...outputs.map((name) => names.indexOf(name)));
        return { ...model, nodes: model.nodes.slice(0, last + 1), outputs };
      });
  });
}

/** The model with weights whose zero point is 128. */
export function withSymmetricWeights(model: Tf8Model): Tf8Model {
  const nodes = model.nodes.map((node) => {
    if (!isWeighted(node)) return node;
    const quantization = { ...node.weights.quantization, zeroPoint: 128 };
    return { ...node, weights: { ...node.weights, quantization } };
  });
  return { ...model, nodes };
}

/** Random models, of which every other has one scale a channel of its weights. */
export function randomScales(options: { withEveryOp: boolean }): fc.Arbitrary<Tf8Model> {
  return fc.oneof(randomModels(options), randomModels(options).map(withChannelScales));
}

/** Random models of every rounding; the scales of power-of-two are such. */
export function randomRoundings(options: { withEveryOp: boolean }): fc.Arbitrary<Tf8Model> {
  return fc.tuple(randomScales(options), fc.constantFrom(...ROUNDINGS)).map(([model, rounding]) => {
    const scaled = rounding === 'power-of-two' ? withPowersOfTwo(model) : model;
    return withRounding(scaled, rounding);
  });
}

/** The model with powers of two in the place of its scales: equal ones stay equal. */
export function withPowersOfTwo(model: Tf8Model): Tf8Model {
  const power = (scale: number) => 2 ** Math.round(Math.log2(scale));
  const scaled = <Spec extends TensorSpec>(spec: Spec): Spec => {
    const { scale, zeroPoint } = spec.quantization;
    return { ...spec, quantization: { scale: power(scale), zeroPoint } };
  };
  const nodes = model.nodes.map((node): Tf8Node => {
    const output = scaled(node.output);
    if (node.op === 'prelu') return { ...node, alpha: scaled(node.alpha), output };
    if (!isWeighted(node)) return { ...node, output };
    const { quantization } = node.weights;
    const powers = isPerChannel(quantization)
      ? { ...quantization, scales: quantization.scales.map(power) }
      : { ...quantization, scale: power(quantization.scale) };
    return { ...node, weights: { ...node.weights, quantization: powers }, output };
  });
  return { ...model, input: scaled(model.input), nodes };
}

/** The model with one scale a channel of its weights. */
export function withChannelScales(model: Tf8Model): Tf8Model {
  const nodes = model.nodes.map((node) => {
    if (!isWeighted(node)) return node;
    const scale = weightScale(node.weights.quantization, 0);
    const scales = Array.from(node.bias, (_, m) => Math.fround((scale * (1 + ((7 * m) % 11))) / 8));
    return { ...node, weights: { ...node.weights, quantization: { scales, zeroPoint: 128 } } };
  });
  return { ...model, nodes };
}

/**
 * The model with products in the place of sums, tables in that of PReLUs, and nearest values in that of those
 * between, which ONNX rounds otherwise.
 */
export function withoutSums(model: Tf8Model): Tf8Model {
  const nodes = model.nodes.map((node): Tf8Node => {
    if (node.op === 'prelu') {
      const { alpha: _, ...rest } = node;
      const table = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      return { ...rest, op: 'lookup', function: 'linear', table };
    }
    if (node.op === 'resize') return { ...node, method: 'nearest' };
    return node.op === 'add' || node.op === 'subtract' ? { ...node, op: 'multiply' } : node;
  });
  return { ...model, nodes };
}

/** The model of `steps`, one node after the other; the last one must make logits. */
export function buildModel(
  inputShape: ImageShape,
  inputZeroPoint: number,
  steps: readonly Step[],
  rest: Pick<Tf8Model, 'name' | 'classNames' | 'labelOffset'>,
): Tf8Model {
  const input = {
    name: 'input',
    shape: inputShape,
    quantization: { scale: Math.fround(2 / 255), zeroPoint: inputZeroPoint },
  };
  const nodes: Tf8Node[] = [];
  const model = {
    ...rest,
    input,
    nodes,
    provenance: {
      floatModel: 'random',
      floatWeightsSha256: '',
      calibrationImages: 1,
      calibrationData: 'none',
      zeroVariance: 'keep' as const,
    },
  };
  for (const [index, each] of steps.entries()) {
    const source = nodes.at(-1) ?? input;
    const { shape, quantization } = 'output' in source ? source.output : source;
    const before = { shape, quantization };
    nodes.push(buildNode(`${each.op}_${index}`, source.name, before, each, model));
  }
  return model;
}

function buildNode(
  name: string,
  source: string,
  before: TensorSpec,
  each: Step,
  model: Tf8Model,
): Tf8Node {
  const { op, strides, seed } = each;
  const [height, width, channels] = before.shape;
  const inputs = [source];
  switch (op) {
    case 'globalAveragePool':
      return { op, name, inputs, output: { ...before, shape: [1, 1, channels] } };
    case 'concat': {
      const along = seed % 3;
      const fitting = [...tensorSpecs(model)].filter(([, { shape }]) =>
        shape.every((side, axis) => axis === along || side === before.shape[axis]),
      );
      const [other, { shape }] = fitting[seed % fitting.length];
      const scale = Math.fround(before.quantization.scale * (1 + (seed % 7) / 10));
      const [rows, columns, depth] = before.shape.with(along, before.shape[along] + shape[along]);
      const axis = (['height', 'width'] as const)[along];
      return {
        op,
        name,
        inputs: [source, other],
        ...(axis !== undefined && { axis }),
        output: {
          shape: [rows, columns, depth],
          quantization: { scale, zeroPoint: each.zeroPoint },
        },
      };
    }
    case 'add':
    case 'subtract':
    case 'multiply': {
      const fitting = [...tensorSpecs(model)].filter(
        ([, { shape }]) =>
          shape.join() === before.shape.join() || shape.join() === [1, 1, channels].join(),
      );
      const [other, { quantization: second }] = fitting[seed % fitting.length];
      const larger = Math.max(before.quantization.scale, second.scale);
      const product = 255 * before.quantization.scale * second.scale;
      // A part of the range, so that some bytes saturate; within eq. 9's limits.
      const scale = Math.fround((op === 'multiply' ? product : 2 * larger) / (1 + (seed % 5)));
      return {
        op,
        name,
        inputs: [source, other],
        activation: each.activation,
        output: { shape: before.shape, quantization: { scale, zeroPoint: each.zeroPoint } },
      };
    }
    case 'lookup': {
      const { scale } = before.quantization;
      const quantization = {
        scale: Math.fround(scale * (1 + (seed % 3))),
        zeroPoint: each.zeroPoint,
      };
      const f = { max: 90 * scale, slope: (seed % 5) / 4, threshold: (seed % 9) * scale };
      const value = (x: number) =>
        x > f.threshold ? Math.min(x, f.max) : f.slope * (x - f.threshold);
      const table = lookupTable(value, before.quantization, quantization);
      return { op, name, inputs, function: f, table, output: { ...before, quantization } };
    }
    case 'prelu': {
      const { scale } = before.quantization;
      const shape = seed % 3 === 0 ? before.shape : ([1, 1, channels] as const);
      const quantization = { scale: Math.fround(1 / 200), zeroPoint: each.weightZeroPoint };
      const data = randomBytes(shape[0] * shape[1] * shape[2], seed);
      const own = { scale: Math.fround(scale * (1 + (seed % 7) / 5)), zeroPoint: each.zeroPoint };
      const output = { ...before, quantization: own };
      return { op, name, inputs, alpha: { data, shape, quantization }, output };
    }
    case 'transposedConv2d': {
      const placed = placeTransposed(before.shape, each);
      const { windowShape, positions, ...rest } = placed;
      const shape = [...windowShape, channels, each.filters] as const;
      const taps = windowShape[0] * windowShape[1] * channels;
      return { op, name, inputs, ...rest, ...weighted(before, shape, taps, positions, each) };
    }
    case 'rearrange': {
      const kind = KINDS[seed % KINDS.length];
      const block = (side: number) => (height % side === 0 && width % side === 0 ? side : 1);
      const depth = channels % 4 === 0 ? 2 : 1;
      const fitting = kind === 'depthToSpace' ? depth : block(1 + (seed % 3));
      const { arrangement, output } = arrange(kind, before.shape, seed, fitting);
      return { op, name, inputs, arrangement, output: { ...before, shape: output } };
    }
    case 'resize': {
      const method = seed % 2 === 0 ? 'nearest' : 'bilinear';
      const corners = (['halfPixel', 'asymmetric', 'aligned'] as const)[seed % 3];
      const [rows, columns] = [1 + (seed % 7), 1 + (seed % 5)];
      const output = { ...before, shape: [rows, columns, channels] as const };
      return { op, name, inputs, method, corners, output };
    }
    case 'requantize': {
      const scale = Math.fround(before.quantization.scale * (0.5 + (seed % 9) / 7));
      const quantization = { scale, zeroPoint: each.zeroPoint };
      return { op, name, inputs, output: { ...before, quantization } };
    }
    case 'maximum':
    case 'minimum': {
      const { scale, zeroPoint } = before.quantization;
      const fitting = [...tensorSpecs(model)].filter(
        ([, { shape, quantization: own }]) =>
          own.scale === scale &&
          own.zeroPoint === zeroPoint &&
          (shape.join() === before.shape.join() || shape.join() === [1, 1, channels].join()),
      );
      const [other] = fitting[seed % fitting.length];
      return { op, name, inputs: [source, other], output: before };
    }
    case 'averagePool2d':
    case 'maxPool2d': {
      const { windowShape, padding, positions } = place(before.shape, each);
      const output = { ...before, shape: [...positions, channels] as const };
      return { op, name, inputs, windowShape, strides, padding, output } satisfies PoolNode;
    }
    case 'fullyConnected': {
      const shape = [1, 1, height * width * channels, each.filters] as const;
      const placed = { strides: [1, 1], padding: NO_PADDING } as const;
      return { op, name, inputs, ...placed, ...weighted(before, shape, shape[2], [1, 1], each) };
    }
    case 'conv2d':
    case 'depthwiseConv2d': {
      const { windowShape, padding, positions, dilations } = placeDilated(before.shape, each);
      const placed = { name, inputs, strides, padding, ...(dilations && { dilations }) };
      const taps = windowShape[0] * windowShape[1];
      if (op === 'depthwiseConv2d') {
        const shape = [...windowShape, channels, each.filters] as const;
        return { op, ...placed, ...weighted(before, shape, taps, positions, each, channels) };
      }
      const groups = groupsOf(channels, each);
      const depth = channels / groups;
      const shape = [...windowShape, depth, each.filters] as const;
      const parts = weighted(before, shape, taps * depth, positions, each);
      return { op, ...placed, ...parts, ...(groups > 1 && { groups }) };
    }
  }
}

/** One of the numbers that divide both the channels and the filters. */
function groupsOf(channels: number, { filters, seed }: Step): number {
  const divisors = Array.from({ length: filters }, (_, i) => i + 1).filter(
    (divisor) => channels % divisor === 0 && filters % divisor === 0,
  );
  return divisors[seed % divisors.length];
}

/** The step's window, made to fit into the image, its padding and its positions. */
function place([height, width]: ImageShape, { window, strides, padding: kind }: Step) {
  const size = [height, width] as const;
  const windowShape = [Math.min(window[0], height), Math.min(window[1], width)] as const;
  const padding = kind === 'same' ? samePadding(size, windowShape, strides) : NO_PADDING;
  return { windowShape, padding, positions: windowPositions(size, windowShape, strides, padding) };
}

/** Padding as TensorFlow has it, or some that it has not; images do not grow much. */
function placeTransposed(
  [height, width]: ImageShape,
  { window, strides: steps, padding, seed }: Step,
) {
  const strides = height * width > 50 ? ([1, 1] as const) : steps;
  const size = [height, width].map(
    (side, axis) =>
      side * strides[axis] + (padding === 'same' ? 0 : Math.max(0, window[axis] - strides[axis])),
  ) as [number, number];
  const begin = padding === 'same' ? samePadding(size, window, strides) : NO_PADDING;
  const extra = seed % 3 === 0 && size[0] > 2 ? 1 : 0;
  const end = (axis: 0 | 1, before: number, cut: number) =>
    ([height, width][axis] - 1) * strides[axis] + window[axis] - before - size[axis] + cut;
  const after = [end(0, begin.top, extra), end(1, begin.left, 0)];
  return {
    windowShape: window,
    strides,
    positions: [size[0] - extra, size[1]] as const,
    padding: {
      top: begin.top,
      left: begin.left,
      bottom: Math.max(0, after[0]),
      right: Math.max(0, after[1]),
    },
    ...(after.some((side) => side < 0) && {
      outputPadding: [Math.max(0, -after[0]), Math.max(0, -after[1])] as const,
    }),
  };
}

/** Where the taps of the step's window lie apart, which goes with strides of 1. */
function placeDilated(shape: ImageShape, each: Step) {
  const { dilations = [1, 1], padding: kind, strides } = each;
  const placed = place(shape, each);
  const size = [shape[0], shape[1]] as const;
  const window = dilatedWindow(placed.windowShape, dilations);
  const isFitting = kind === 'same' || (window[0] <= size[0] && window[1] <= size[1]);
  if (Math.max(...dilations) === 1 || Math.max(...strides) > 1 || !isFitting) {
    return { ...placed, dilations: undefined };
  }
  const padding = kind === 'same' ? samePadding(size, window, strides) : NO_PADDING;
  const positions = windowPositions(size, window, strides, padding);
  return { ...placed, padding, positions, dilations };
}

function weighted(
  before: TensorSpec,
  shape: readonly [number, number, number, number],
  taps: number,
  positions: readonly [number, number],
  { zeroPoint, weightZeroPoint, activation, seed }: Step,
  outputsPerFilter = 1,
): Pick<WeightedNode, 'weights' | 'bias' | 'activation' | 'output'> {
  const outputs = shape[3] * outputsPerFilter;
  const scale = Math.fround(1 / 128);
  const products = accumulatorBound({
    biasMax: 0,
    taps,
    inputZeroPoint: before.quantization.zeroPoint,
    weightZeroPoint,
  });
  return {
    weights: {
      data: randomBytes(shape[0] * shape[1] * shape[2] * shape[3], seed),
      shape,
      quantization: { scale, zeroPoint: weightZeroPoint },
    },
    bias: Int32Array.from(randomBytes(outputs, seed + 1), (byte) =>
      Math.round(((byte - 128) / 512) * products),
    ),
    activation,
    output: {
      shape: [positions[0], positions[1], outputs],
      // An output spans a part of the accumulator's range, so that some bytes saturate.
      quantization: {
        scale: Math.fround((before.quantization.scale * scale * products) / 500),
        zeroPoint,
      },
    },
  };
}
