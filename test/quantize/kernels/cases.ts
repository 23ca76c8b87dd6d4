import type {} from '../../../quantize/kernels/kernels.ts';
import type { Padding } from '../../../quantize/params/window.ts';
import { concat, convolution, fullyConnected, globalAveragePool, pool } from './make_call.ts';
import type { KernelCall } from './run_case.ts';

/** A case of the table that every tier runs. */
export type KernelCase = KernelCall & {
  /** Reads as "<op>: <title>". */
  readonly title: string;
  /** The bytes by hand, for the cases that are small enough. */
  readonly expected?: readonly number[];
};

const NONE: Padding = { top: 0, bottom: 0, left: 0, right: 0 };
const ONE_AROUND: Padding = { top: 1, bottom: 1, left: 1, right: 1 };

/** One pixel, one channel, weight 1: acc = (input − 0) · 1 + bias. */
function singleAccumulator(bias: number, multiplier: number, bounds: [number, number, number]) {
  const [outputZeroPoint, low, high] = bounds;
  const call = {
    input: Uint8Array.of(0),
    inputShape: [1, 1, 1, 1],
    inputZeroPoint: 0,
    filter: Uint8Array.of(1),
    filterShape: [1, 1, 1, 1],
    filterZeroPoint: 0,
    bias: Int32Array.of(bias),
    strides: [1, 1],
    padding: NONE,
    multiplier,
    outputZeroPoint,
    low,
    high,
    output: new Uint8Array(1),
    outputShape: [1, 1, 1, 1],
  } as const;
  return { op: 'conv2d', call } as const;
}

/** Cases whose bytes were worked out by hand. */
const BY_HAND: readonly KernelCase[] = [
  {
    title: 'subtracts both zero points, adds the bias and rounds half to even',
    op: 'conv2d',
    call: {
      input: Uint8Array.of(10, 20, 30, 40),
      inputShape: [1, 2, 2, 1],
      inputZeroPoint: 10,
      filter: Uint8Array.of(3),
      filterShape: [1, 1, 1, 1],
      filterZeroPoint: 1,
      bias: Int32Array.of(1),
      strides: [1, 1],
      padding: NONE,
      multiplier: 0.5,
      outputZeroPoint: 5,
      low: 0,
      high: 255,
      output: new Uint8Array(4),
      outputShape: [1, 2, 2, 1],
    },
    // acc = 2 · (0, 10, 20, 30) + 1 = 1, 21, 41, 61; halves 0.5, 10.5, 20.5, 30.5
    expected: [5, 15, 25, 35],
  },
  {
    title: 'pads with the input zero point and sums over window and channels',
    op: 'conv2d',
    call: {
      // [1, 2, 2, 2]; differences from 100: (1, 2), (3, 4), (5, 6), (7, 8)
      input: Uint8Array.of(101, 102, 103, 104, 105, 106, 107, 108),
      inputShape: [1, 2, 2, 2],
      inputZeroPoint: 100,
      // [2, 2, 2, 1], all wq − wz = 1
      filter: new Uint8Array(8).fill(51),
      filterShape: [2, 2, 2, 1],
      filterZeroPoint: 50,
      bias: Int32Array.of(0),
      strides: [1, 1],
      padding: { top: 0, bottom: 1, left: 0, right: 1 },
      multiplier: 1,
      outputZeroPoint: 0,
      low: 0,
      high: 255,
      output: new Uint8Array(4),
      outputShape: [1, 2, 2, 1],
    },
    // 1 + … + 8; (3 + 4) + (7 + 8); (5 + 6) + (7 + 8); 7 + 8
    expected: [36, 22, 26, 15],
  },
  {
    title: 'clamps after adding the zero point, below',
    ...singleAccumulator(-40, 1, [50, 20, 200]),
    expected: [20],
  },
  {
    title: 'clamps after adding the zero point, above',
    ...singleAccumulator(170, 1, [50, 20, 200]),
    expected: [200],
  },
  {
    title: 'takes a multiplier above 1',
    ...singleAccumulator(-5, 3, [20, 0, 255]),
    expected: [5],
  },
  {
    title: 'rounds a tie below zero to even',
    ...singleAccumulator(-5, 0.5, [20, 0, 255]),
    expected: [18],
  },
  {
    // (2²⁴ + 1) · 2⁻²⁵ is above a half, f32(2²⁴ + 1) · 2⁻²⁵ is the tie that goes to 0.
    title: 'rounds an accumulator above 2²⁴ to single precision first',
    ...singleAccumulator(2 ** 24 + 1, 2 ** -25, [7, 0, 255]),
    expected: [7],
  },
  {
    title: 'takes the largest accumulator',
    ...singleAccumulator(2 ** 31 - 1, 2 ** -24, [10, 0, 255]),
    expected: [138],
  },
  {
    title: 'takes the smallest accumulator',
    ...singleAccumulator(-(2 ** 31), 2 ** -24, [138, 0, 255]),
    expected: [10],
  },
  {
    title: 'saturates where the product overflows single precision',
    ...singleAccumulator(-(2 ** 31), 2 ** 127, [255, 3, 250]),
    expected: [3],
  },
  {
    title: 'keeps one bound for both ends',
    ...singleAccumulator(-(2 ** 31), 1, [0, 255, 255]),
    expected: [255],
  },
  {
    title: 'counts neighbours in a padded 3 × 3 window, each channel on its own',
    op: 'depthwiseConv2d',
    call: {
      // differences from 7: 1 in channel 0, 2 in channel 1
      input: Uint8Array.from({ length: 18 }, (_, i) => 8 + (i % 2)),
      inputShape: [1, 3, 3, 2],
      inputZeroPoint: 7,
      filter: new Uint8Array(18).fill(4),
      filterShape: [3, 3, 2, 1],
      filterZeroPoint: 3,
      bias: Int32Array.of(0, 100),
      strides: [1, 1],
      padding: ONE_AROUND,
      multiplier: 1,
      outputZeroPoint: 0,
      low: 0,
      high: 255,
      output: new Uint8Array(18),
      outputShape: [1, 3, 3, 2],
    },
    expected: [4, 108, 6, 112, 4, 108, 6, 112, 9, 118, 6, 112, 4, 108, 6, 112, 4, 108],
  },
  {
    title: 'gives output channel m the input channel ⌊m / depthMultiplier⌋',
    op: 'depthwiseConv2d',
    call: {
      input: Uint8Array.of(10, 20),
      inputShape: [1, 1, 1, 2],
      inputZeroPoint: 0,
      filter: Uint8Array.of(1, 2, 3, 4, 5, 6),
      filterShape: [1, 1, 2, 3],
      filterZeroPoint: 0,
      bias: new Int32Array(6),
      strides: [1, 1],
      padding: NONE,
      multiplier: 1,
      outputZeroPoint: 0,
      low: 0,
      high: 255,
      output: new Uint8Array(6),
      outputShape: [1, 1, 1, 6],
    },
    expected: [10, 20, 30, 80, 100, 120],
  },
  {
    title: 'multiplies [N, K] by [K, M]',
    op: 'fullyConnected',
    call: {
      input: Uint8Array.of(11, 12, 13, 14),
      batch: 2,
      inputDepth: 2,
      inputZeroPoint: 10,
      filter: Uint8Array.of(21, 22, 23, 24, 25, 26),
      filterZeroPoint: 20,
      bias: Int32Array.of(0, 0, 100),
      multiplier: 1,
      outputZeroPoint: 0,
      low: 0,
      high: 255,
      output: new Uint8Array(6),
      outputDepth: 3,
    },
    // (1, 2) and (3, 4) times ((1, 2, 3), (4, 5, 6))
    expected: [9, 12, 115, 19, 26, 133],
  },
  {
    title: 'adds ⌊n/2⌋, rounds down and leaves padded positions out of n',
    op: 'averagePool2d',
    call: {
      input: Uint8Array.of(1, 2, 3, 5),
      inputShape: [1, 2, 2, 1],
      windowShape: [2, 2],
      strides: [1, 1],
      padding: ONE_AROUND,
      low: 2,
      high: 4,
      output: new Uint8Array(9),
      outputShape: [1, 3, 3, 1],
    },
    // 1, 3/2 ↦ 2, 2; 4/2, 11/4 ↦ 3, 7/2 ↦ 4; 3, 8/2, 5; then within [2, 4]
    expected: [2, 2, 2, 2, 3, 4, 3, 4, 4],
  },
  {
    title: 'takes the maximum of the unpadded positions, then the bounds',
    op: 'maxPool2d',
    call: {
      input: Uint8Array.of(1, 9, 3, 4, 5, 6, 7, 8, 2),
      inputShape: [1, 3, 3, 1],
      windowShape: [2, 2],
      strides: [2, 2],
      padding: { top: 1, bottom: 0, left: 1, right: 0 },
      low: 2,
      high: 7,
      output: new Uint8Array(4),
      outputShape: [1, 2, 2, 1],
    },
    // windows {1}, {9, 3}, {4, 7}, {5, 6, 8, 2}
    expected: [2, 7, 7, 7],
  },
  {
    title: 'averages each channel over all positions',
    op: 'globalAveragePool',
    call: {
      // channel 0: 0, 0, 1; channel 1: 1, 0, 1; channel 2: 255 three times
      input: Uint8Array.of(0, 1, 255, 0, 0, 255, 1, 1, 255),
      inputShape: [1, 1, 3, 3],
      output: new Uint8Array(3),
    },
    // (1 + 1) / 3 ↦ 0; (2 + 1) / 3; (765 + 1) / 3 ↦ 255
    expected: [0, 1, 255],
  },
  {
    title: 'requantizes each input to the output and joins the channels',
    op: 'concat',
    call: {
      positions: 2,
      outputZeroPoint: 10,
      inputs: [
        { data: Uint8Array.of(5, 6, 7, 255), channels: 2, zeroPoint: 5, multiplier: 0.5 },
        { data: Uint8Array.of(0, 255), channels: 1, zeroPoint: 10, multiplier: 1 },
        { data: Uint8Array.of(0, 200), channels: 1, zeroPoint: 100, multiplier: 2 },
      ],
      output: new Uint8Array(8),
    },
    // position 0: 10 + (0, 0.5 ↦ 0), same, 10 − 200; position 1: 10 + (1, 125), same, 10 + 200
    expected: [10, 10, 0, 0, 11, 135, 255, 210],
  },
];

const SHAPES: readonly KernelCase[] = [
  ...[1, 3, 5, 8, 17].flatMap((channels) =>
    [1, 2, 3, 4].flatMap((stride): KernelCase[] => {
      const shapes = {
        inputShape: [2, 7, 9, channels],
        windowShape: [3, 3],
        strides: [stride, stride],
        padding: { top: 1, bottom: 2, left: 0, right: 1 },
      } as const;
      const title = `${channels} channels, 3 × 3, stride ${stride}, uneven padding, batch 2`;
      return [
        { title, ...convolution('conv2d', { ...shapes, filters: channels + 2 }) },
        { title, ...convolution('depthwiseConv2d', { ...shapes, filters: 1 }) },
        { title, ...pool('averagePool2d', shapes) },
        { title, ...pool('maxPool2d', shapes) },
      ];
    }),
  ),
  ...[0, 255].flatMap((inputZeroPoint) =>
    [0, 255].flatMap((filterZeroPoint): KernelCase[] => {
      const arithmetic = { inputZeroPoint, filterZeroPoint, fill: 'ends' } as const;
      const shapes = {
        inputShape: [1, 6, 6, 11],
        windowShape: [3, 3],
        strides: [1, 1],
        padding: ONE_AROUND,
      } as const;
      const title = `bytes 0 and 255, zero points ${inputZeroPoint} and ${filterZeroPoint}`;
      const multiplier = 2 ** -15;
      return [
        {
          title,
          ...convolution('conv2d', { ...shapes, filters: 9 }, { ...arithmetic, multiplier }),
        },
        {
          title: `${title}, accumulators near ±2³¹`,
          ...convolution(
            'conv2d',
            { ...shapes, filters: 9 },
            { ...arithmetic, multiplier: 2 ** -24, biasSize: 'of int32' },
          ),
        },
        {
          title,
          ...convolution(
            'depthwiseConv2d',
            { ...shapes, filters: 1 },
            { ...arithmetic, multiplier },
          ),
        },
        { title, ...fullyConnected([3, 33, 13], { ...arithmetic, multiplier }) },
      ];
    }),
  ),
  {
    title: 'a pointwise layer with a whole number of tiles',
    ...convolution('conv2d', {
      inputShape: [1, 8, 8, 32],
      windowShape: [1, 1],
      filters: 64,
      strides: [1, 1],
      padding: NONE,
    }),
  },
  {
    title: 'more rows than one block, and a row more than whole tiles',
    ...convolution('conv2d', {
      inputShape: [1, 1, 401, 256],
      windowShape: [1, 1],
      filters: 10,
      strides: [1, 1],
      padding: NONE,
    }),
  },
  {
    title: 'blocks that end within an image of a batch',
    ...convolution('conv2d', {
      inputShape: [3, 9, 11, 128],
      windowShape: [3, 3],
      filters: 3,
      strides: [1, 1],
      padding: ONE_AROUND,
    }),
  },
  {
    title: 'the first layer of MobileNetV1, on a smaller image',
    ...convolution('conv2d', {
      inputShape: [1, 32, 32, 3],
      windowShape: [3, 3],
      filters: 32,
      strides: [2, 2],
      padding: { top: 0, bottom: 1, left: 0, right: 1 },
    }),
  },
  {
    title: 'a 1 × 7 window',
    ...convolution('conv2d', {
      inputShape: [1, 5, 9, 6],
      windowShape: [1, 7],
      filters: 5,
      strides: [1, 1],
      padding: { top: 0, bottom: 0, left: 3, right: 3 },
    }),
  },
  {
    title: 'an even window of 2 × 4 with strides 3 and 1',
    ...convolution('depthwiseConv2d', {
      inputShape: [2, 7, 6, 10],
      windowShape: [2, 4],
      filters: 1,
      strides: [3, 1],
      padding: { top: 1, bottom: 0, left: 2, right: 1 },
    }),
  },
  {
    title: 'depthMultiplier 3 in a padded 3 × 3 window, stride 2',
    ...convolution('depthwiseConv2d', {
      inputShape: [2, 6, 5, 7],
      windowShape: [3, 3],
      filters: 3,
      strides: [2, 2],
      padding: ONE_AROUND,
    }),
  },
  {
    title: 'padding wider than the window',
    ...convolution('conv2d', {
      inputShape: [1, 2, 2, 3],
      windowShape: [2, 2],
      filters: 4,
      strides: [1, 1],
      padding: { top: 3, bottom: 3, left: 3, right: 3 },
    }),
  },
  { title: 'one row, 1001 columns', ...fullyConnected([1, 64, 1001]) },
  { title: 'an odd depth, an odd number of rows', ...fullyConnected([5, 37, 3]) },
  {
    title: 'multiplier above 1 with narrow bounds',
    ...fullyConnected([2, 3, 20], {
      multiplier: 1.5,
      low: 90,
      high: 140,
      inputZeroPoint: 128,
      filterZeroPoint: 128,
    }),
  },
  { title: 'the last layer of MobileNetV1', ...globalAveragePool([1, 7, 7, 1024]) },
  // 257² = 66 049 positions: the quotient is no longer exact in single precision.
  { title: 'more than 65 535 positions', ...globalAveragePool([1, 257, 257, 3], 1, 'ends') },
  { title: 'a batch', ...globalAveragePool([3, 4, 5, 13]) },
  {
    title: 'odd channel counts and multipliers on both sides of 1',
    ...concat(
      35,
      [
        { channels: 1, zeroPoint: 0, multiplier: 1 },
        { channels: 17, zeroPoint: 128, multiplier: Math.fround(0.37) },
        { channels: 8, zeroPoint: 255, multiplier: Math.fround(1.7) },
        { channels: 3, zeroPoint: 90, multiplier: 1 },
      ],
      90,
    ),
  },
];

export const CASES: readonly KernelCase[] = [...BY_HAND, ...SHAPES];
