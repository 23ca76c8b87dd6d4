import { type KernelCase, NONE, ONE_AROUND } from './kernel_case.ts';

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
export const HAND_CASES: readonly KernelCase[] = [
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
