/**
 * The calls of the self-test, of every operation and with what vector units get wrong: sums of pairs
 * beyond int16 (bytes 0 and 255 at zero points 0 and 255), channels beyond the widest vector and no
 * multiple of any, ties, both bounds, accumulators that single precision cannot hold.
 */

import type { ChannelRequantization } from '../ops/requantization.ts';
import type { KernelCall } from '../ops/table.ts';
import type { Shape4 } from '../ops/tensor.ts';
import { alignUp } from '../params/align_up.ts';
import { arrangementMap } from '../params/arrangement.ts';
import { BYTE_MAX } from '../params/quantization.ts';
import { resizeTaps } from '../params/resize.ts';
import { elements } from '../params/shape.ts';
import { dilatedWindow, NO_PADDING, windowPositions } from '../params/window.ts';
import type { Program } from './kernels.ts';

/** Calls that do not read each other's outputs. The image is the calls' inputs, one after the other. */
export interface KnownCalls {
  readonly titles: readonly string[];
  /** The outputs are the calls', in their order. */
  readonly program: Program;
  readonly image: Uint8Array;
}

/** Beyond 64, the widest vector of bytes, and odd: 64 + 16 + 3. */
const CHANNELS = 83;

/** A cache line: where tensors begin in a network's arena, too. */
const ALIGNMENT = 64;

/** Of each channel its own. */
const MULTIPLIERS = Array.from(
  { length: CHANNELS },
  (_, m) => (16 + (m % 16)) * 2 ** -(6 + (m % 5)),
);

const AROUND = { top: 1, bottom: 1, left: 1, right: 1 };

/** A call before its tensors have a place in the arena. */
interface Draft {
  readonly title: string;
  readonly inputs: readonly Uint8Array[];
  readonly outputBytes: number;
  place(inputs: readonly Uint8Array[], output: Uint8Array): KernelCall;
}

export function knownCalls(): KnownCalls {
  const drafts: readonly Draft[] = [
    convolution('conv2d', 'first layer', { inputShape: [1, 7, 9, 3], stride: 2, filters: 35 }),
    ...[0, BYTE_MAX].flatMap((inputZeroPoint) =>
      [0, BYTE_MAX].map((filterZeroPoint) =>
        convolution('conv2d', `pointwise, zero points ${inputZeroPoint} and ${filterZeroPoint}`, {
          inputShape: [1, 1, 9, 69],
          window: 1,
          filters: CHANNELS,
          inputZeroPoint,
          filterZeroPoint,
          fill: 'ends',
          low: 10,
          high: 200,
          multiplier: 2 ** -14,
        }),
      ),
    ),
    convolution('conv2d', 'ties', {
      inputShape: [1, 2, 4, 5],
      window: 1,
      filters: CHANNELS,
      fill: 'near 128',
      multiplier: 0.5,
    }),
    convolution('conv2d', 'accumulators of int32', {
      inputShape: [1, 1, 4, 3],
      window: 1,
      filters: CHANNELS,
      fill: 'near 128',
      bias: 'of int32',
      multiplier: 2 ** -24,
    }),
    ...[1, 2].flatMap((stride) =>
      [0, BYTE_MAX].map((filterZeroPoint) =>
        convolution('depthwiseConv2d', `stride ${stride}, filter zero point ${filterZeroPoint}`, {
          inputShape: [1, 5, 6, CHANNELS],
          stride,
          filters: 1,
          fill: 'ends',
          filterZeroPoint,
          multiplier: 2 ** -10,
        }),
      ),
    ),
    convolution('depthwiseConv2d', 'ties', {
      inputShape: [1, 4, 4, CHANNELS],
      filters: 1,
      fill: 'near 128',
      multiplier: 0.5,
    }),
    convolution('depthwiseConv2d', 'two outputs a channel', {
      inputShape: [1, 4, 5, 9],
      filters: 2,
      multiplier: 2 ** -9,
    }),
    ...(['conv2d', 'depthwiseConv2d'] as const).map((op) =>
      convolution(op, 'dilation 2', {
        inputShape: [1, 5, 7, op === 'conv2d' ? 5 : CHANNELS],
        dilation: 2,
        filters: op === 'conv2d' ? 35 : 1,
        multiplier: 2 ** -11,
      }),
    ),
    ...(['conv2d', 'depthwiseConv2d'] as const).map((op) =>
      convolution(op, 'a multiplier a channel', {
        inputShape: [1, 4, 5, op === 'conv2d' ? 3 : CHANNELS],
        filters: op === 'conv2d' ? CHANNELS : 1,
        fill: 'near 128',
        multiplier: MULTIPLIERS,
      }),
    ),
    ...([1, 3] as const).map((window) =>
      convolution('conv2d', window === 1 ? 'pointwise groups' : 'groups', {
        inputShape: [1, 5, 7, 3 * 21],
        window,
        filters: 3 * CHANNELS,
        groups: 3,
        multiplier: 2 ** -12,
      }),
    ),
    transposed('even', [2, 2], [3, 3]),
    transposed('with positions of the bias alone', [3, 2], [2, 4]),
    prelu(),
    fullyConnected(67, CHANNELS),
    pool('averagePool2d'),
    pool('maxPool2d'),
    globalAveragePool([1, 5, 3, CHANNELS]),
    concat(7, [CHANNELS, 5]),
    sum('add'),
    sum('subtract'),
    product(),
    lookup('lookup'),
    rearrange(),
    resize(),
    extreme('maximum'),
    extreme('minimum'),
    lookup('requantize'),
    softmax(),
    ...(['conv2d', 'depthwiseConv2d'] as const).map((op) =>
      convolution(op, 'a table behind it', {
        inputShape: [1, 7, 9, op === 'conv2d' ? 5 : CHANNELS],
        filters: op === 'conv2d' ? CHANNELS : 1,
        table: bytesOf(256, 'any', 4),
        multiplier: 2 ** -9,
      }),
    ),
  ];
  return assemble(drafts);
}

/** Inputs first, each at a multiple of `ALIGNMENT`: together they are the program's input. */
function assemble(drafts: readonly Draft[]): KnownCalls {
  const aligned = (bytes: number) => alignUp(bytes, ALIGNMENT);
  const inputBytes = drafts
    .flatMap(({ inputs }) => inputs)
    .reduce((sum, { length }) => sum + aligned(length), 0);
  const bytes = drafts.reduce((sum, { outputBytes }) => sum + aligned(outputBytes), inputBytes);
  const arena = new Uint8Array(bytes);
  const image = new Uint8Array(inputBytes);
  let [from, to] = [0, inputBytes];
  const calls = drafts.map(({ inputs, outputBytes, place }) => {
    const views = inputs.map((input) => {
      image.set(input, from);
      const view = arena.subarray(from, from + input.length);
      from += aligned(input.length);
      return view;
    });
    const output = arena.subarray(to, to + outputBytes);
    to += aligned(outputBytes);
    return place(views, output);
  });
  const outputs = calls.map(({ call }) => call.output);
  const program = { calls, arena, input: arena.subarray(0, inputBytes), outputs };
  return { titles: drafts.map(({ title }) => title), program, image };
}

/** Which bytes a tensor holds: any; 0 and 255; 126 to 130, whose products are small. */
type Fill = 'any' | 'ends' | 'near 128';

interface Convolution extends Partial<ChannelRequantization> {
  readonly inputShape: Shape4;
  readonly filters: number;
  /** 3, with padding all around, unless given. */
  readonly window?: 1 | 3;
  readonly stride?: number;
  /** 1 unless given; as much padding goes around the image. */
  readonly dilation?: number;
  readonly inputZeroPoint?: number;
  readonly filterZeroPoint?: number;
  readonly fill?: Fill;
  readonly bias?: 'of products' | 'of int32';
  /** 1 unless given. */
  readonly groups?: number;
}

function convolution(op: 'conv2d' | 'depthwiseConv2d', title: string, options: Convolution): Draft {
  const { inputShape, filters, window = 3, stride = 1, dilation = 1, fill = 'any' } = options;
  const { inputZeroPoint = 128, filterZeroPoint = 128, bias = 'of products', groups = 1 } = options;
  const [, height, width, channels] = inputShape;
  const around = { top: dilation, bottom: dilation, left: dilation, right: dilation };
  const padding = window === 3 ? around : NO_PADDING;
  const dilations = [dilation, dilation] as const;
  const span = dilatedWindow([window, window], dilations);
  const strides = [stride, stride] as const;
  const positions = windowPositions([height, width], span, strides, padding);
  const columns = op === 'conv2d' ? filters : channels * filters;
  const depth = channels / groups;
  const outputShape = [1, ...positions, columns] as const;
  return {
    title: `${op}, ${title}`,
    inputs: [bytesOf(elements(inputShape), fill, 1)],
    outputBytes: elements(outputShape),
    place: ([input], output) => ({
      op,
      call: {
        input,
        inputShape,
        inputZeroPoint,
        filterShape: [window, window, depth, filters],
        filterZeroPoint,
        filter: bytesOf(window * window * depth * filters, fill, 2),
        bias: biasOf(columns, bias),
        strides,
        padding,
        dilations,
        output,
        outputShape,
        ...requantization(options),
      },
    }),
  };
}

/** A row is cut off above; some positions lie behind what the windows reach, where the stride is the longer. */
function transposed(
  title: string,
  strides: readonly [number, number],
  window: readonly [number, number],
): Draft {
  const inputShape = [1, 4, 5, 19] as const;
  const size = ([0, 1] as const).map(
    (axis) =>
      (inputShape[axis + 1] - 1) * strides[axis] + Math.max(window[axis], strides[axis]) - 1,
  );
  const outputShape = [1, size[0], size[1], CHANNELS] as const;
  const filterShape = [...window, inputShape[3], CHANNELS] as const;
  return {
    title: `transposedConv2d, ${title}`,
    inputs: [bytesOf(elements(inputShape), 'any', 1)],
    outputBytes: elements(outputShape),
    place: ([input], output) => ({
      op: 'transposedConv2d',
      call: {
        input,
        inputShape,
        inputZeroPoint: 128,
        filterShape,
        filterZeroPoint: 128,
        filter: bytesOf(elements(filterShape), 'any', 2),
        bias: biasOf(CHANNELS, 'of products'),
        strides,
        padding: { top: 1, bottom: 0, left: 0, right: 0 },
        output,
        outputShape,
        ...requantization({ multiplier: 2 ** -11 }),
      },
    }),
  };
}

function prelu(): Draft {
  return {
    title: 'prelu',
    inputs: [bytesOf(3 * CHANNELS, 'any', 1)],
    outputBytes: 3 * CHANNELS,
    place: ([input], output) => ({
      op: 'prelu',
      call: {
        input,
        alpha: bytesOf(CHANNELS, 'any', 2),
        rows: 3,
        inputZeroPoint: 120,
        alphaZeroPoint: 30,
        positive: { mantissa: 1_518_500_250, shift: 0 },
        negative: { mantissa: 1_288_490_189, shift: -7 },
        outputZeroPoint: 90,
        output,
      },
    }),
  };
}

function fullyConnected(inputDepth: number, outputDepth: number): Draft {
  return {
    title: 'fullyConnected',
    inputs: [bytesOf(inputDepth, 'ends', 1)],
    outputBytes: outputDepth,
    place: ([input], output) => ({
      op: 'fullyConnected',
      call: {
        input,
        batch: 1,
        inputDepth,
        inputZeroPoint: 3,
        filter: bytesOf(inputDepth * outputDepth, 'ends', 2),
        filterZeroPoint: 250,
        bias: biasOf(outputDepth, 'of products'),
        output,
        outputDepth,
        ...requantization({}),
      },
    }),
  };
}

function pool(op: 'averagePool2d' | 'maxPool2d'): Draft {
  const inputShape = [1, 5, 4, CHANNELS] as const;
  const outputShape = [1, 3, 2, CHANNELS] as const;
  return {
    title: op,
    inputs: [bytesOf(elements(inputShape), 'any', 1)],
    outputBytes: elements(outputShape),
    place: ([input], output) => ({
      op,
      call: {
        input,
        inputShape,
        windowShape: [3, 3],
        strides: [2, 2],
        padding: AROUND,
        low: 60,
        high: 245,
        output,
        outputShape,
      },
    }),
  };
}

function globalAveragePool(inputShape: Shape4): Draft {
  return {
    title: 'globalAveragePool',
    inputs: [bytesOf(elements(inputShape), 'any', 1)],
    outputBytes: inputShape[3],
    place: ([input], output) => ({
      op: 'globalAveragePool',
      call: { input, inputShape, output },
    }),
  };
}

function concat(positions: number, channels: readonly [number, number]): Draft {
  return {
    title: 'concat',
    inputs: channels.map((count, i) => bytesOf(positions * count, 'any', 1 + i)),
    outputBytes: positions * (channels[0] + channels[1]),
    place: ([first, second], output) => ({
      op: 'concat',
      call: {
        inputs: [
          { data: first, channels: channels[0], zeroPoint: 255, multiplier: 0.5 },
          { data: second, channels: channels[1], zeroPoint: 90, multiplier: Math.fround(1.7) },
        ],
        positions,
        outputZeroPoint: 120,
        output,
      },
    }),
  };
}

/** A row of the second tensor for every two of the first. */
const ELEMENTWISE = { rows: 4, columns: CHANNELS, share: 2, aZeroPoint: 3, bZeroPoint: 200 };

function sum(op: 'add' | 'subtract'): Draft {
  return {
    title: op,
    inputs: elementwiseInputs(),
    outputBytes: ELEMENTWISE.rows * CHANNELS,
    place: ([a, b], output) => ({
      op,
      call: {
        ...ELEMENTWISE,
        a,
        b,
        aMultiplier: 2 ** 21,
        bMultiplier: op === 'add' ? 1_234_567 : -1_234_567,
        shift: 21,
        outputZeroPoint: 128,
        low: 20,
        high: 240,
        output,
      },
    }),
  };
}

function product(): Draft {
  return {
    title: 'multiply',
    inputs: elementwiseInputs(),
    outputBytes: ELEMENTWISE.rows * CHANNELS,
    place: ([a, b], output) => ({
      op: 'multiply',
      call: { ...ELEMENTWISE, a, b, output, ...requantization({}), multiplier: 2 ** -7 },
    }),
  };
}

function lookup(op: 'lookup' | 'requantize'): Draft {
  return {
    title: op,
    inputs: [bytesOf(3 * CHANNELS, 'any', 1)],
    outputBytes: 3 * CHANNELS,
    place: ([input], output) => ({
      op,
      call: { input, positions: 3, channels: CHANNELS, table: bytesOf(256, 'any', 4), output },
    }),
  };
}

function rearrange(): Draft {
  const padding = { top: 1, bottom: 0, left: 2, right: 1 };
  const map = arrangementMap({ kind: 'pad', padding }, [2, 3, CHANNELS], [3, 6, CHANNELS]);
  return {
    title: 'rearrange',
    inputs: [bytesOf(6 * CHANNELS, 'any', 1)],
    outputBytes: 18 * CHANNELS,
    place: ([input], output) => ({
      op: 'rearrange',
      call: { input, batch: 1, imageBytes: 6 * CHANNELS, ...map, fill: 9, output },
    }),
  };
}

function resize(): Draft {
  const size = { inputShape: [1, 3, 4, CHANNELS] as const, output: [5, 7] as const };
  const [, height, width] = size.inputShape;
  return {
    title: 'resize',
    inputs: [bytesOf(height * width * CHANNELS, 'any', 1)],
    outputBytes: size.output[0] * size.output[1] * CHANNELS,
    place: ([input], output) => ({
      op: 'resize',
      call: {
        input,
        inputShape: size.inputShape,
        rows: resizeTaps('bilinear', 'aligned', height, size.output[0]),
        columns: resizeTaps('bilinear', 'halfPixel', width, size.output[1]),
        output,
      },
    }),
  };
}

function extreme(op: 'maximum' | 'minimum'): Draft {
  const { rows, columns, share } = ELEMENTWISE;
  return {
    title: op,
    inputs: elementwiseInputs(),
    outputBytes: rows * columns,
    place: ([a, b], output) => ({ op, call: { a, b, rows, columns, share, output } }),
  };
}

function softmax(): Draft {
  const powers = Float32Array.from({ length: 256 }, (_, d) => 0.96875 ** d);
  return {
    title: 'softmax',
    inputs: [bytesOf(3 * CHANNELS, 'any', 1)],
    outputBytes: 3 * CHANNELS,
    place: ([input], output) => ({
      op: 'softmax',
      call: { input, positions: 3, channels: CHANNELS, powers, output },
    }),
  };
}

function elementwiseInputs(): Uint8Array[] {
  const { rows, columns, share } = ELEMENTWISE;
  return [bytesOf(rows * columns, 'any', 1), bytesOf((rows / share) * columns, 'any', 2)];
}

function requantization(options: Partial<ChannelRequantization>): ChannelRequantization {
  const { multiplier = 2 ** -13, outputZeroPoint = 128, low = 0, high = BYTE_MAX } = options;
  return { multiplier, outputZeroPoint, low, high, ...(options.table && { table: options.table }) };
}

/** The top bytes of a linear congruential generator (Numerical Recipes' constants), by `fill`. */
function bytesOf(length: number, fill: Fill, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const byte = state >>> 24;
    if (fill === 'any') bytes[i] = byte;
    else bytes[i] = fill === 'ends' ? (byte < 128 ? 0 : BYTE_MAX) : 126 + (byte % 5);
  }
  return bytes;
}

/**
 * Beside the products, up to ±1280; or ±2³⁰ to ±2³¹ and 20 beyond a tie at multiplier 2⁻²⁴: in single
 * precision, of a unit of 128 there, with 20 ± 12 of three small products it is the tie.
 */
function biasOf(length: number, size: 'of products' | 'of int32'): Int32Array {
  return Int32Array.from(bytesOf(length, 'any', 3), (byte) => {
    if (size === 'of products') return (byte - 128) * 10;
    return (byte % 2 === 0 ? 1 : -1) * (2 ** 24 * (64 + (byte >> 2)) + 2 ** 23 + 20);
  });
}
