import { type KernelCase, NONE, ONE_AROUND } from './kernel_case.ts';
import {
  concat,
  convolution,
  fullyConnected,
  globalAveragePool,
  lookup,
  multiply,
  pool,
  rearrange,
  sum,
} from './make_call.ts';

const turned = {
  input: Uint8Array.from({ length: 24 }, (_, i) => 10 * i),
  batch: 2,
  imageBytes: 12,
  fill: 3,
  output: new Uint8Array(18),
};

/** Shapes of networks, batches, and what an implementation treats apart. */
export const SHAPE_CASES: readonly KernelCase[] = [
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
  ...[16, 24, 33, 80].flatMap((channels) =>
    (
      [
        [5, 5],
        [3, 7],
        [9, 9],
      ] as const
    ).flatMap((windowShape) =>
      [1, 2].map(
        (stride): KernelCase => ({
          title: `${channels} channels, ${windowShape.join(' × ')}, stride ${stride}, batch 2`,
          ...convolution('depthwiseConv2d', {
            inputShape: [2, 6, 8, channels],
            windowShape: [...windowShape],
            filters: 1,
            strides: [stride, stride],
            padding: { top: 2, bottom: 4, left: 3, right: 3 },
          }),
        }),
      ),
    ),
  ),
  ...[3, 5].map(
    (side): KernelCase => ({
      title: `${side} × ${side} taps apart, depthwise`,
      ...convolution('depthwiseConv2d', {
        inputShape: [1, 11, 12, 40],
        windowShape: [side, side],
        filters: 1,
        strides: [1, 2],
        dilations: [2, 3],
        padding: { top: 3, bottom: 1, left: 5, right: 4 },
      }),
    }),
  ),
  // Several pixels at a time, the last ones beside those before, or none of that in rows of few bytes.
  ...[1, 3, 8, 12, 15, 20, 24, 31].flatMap((channels) =>
    (
      [
        { windowShape: [3, 3], strides: [1, 1], dilations: [1, 1], width: 37 },
        { windowShape: [5, 5], strides: [2, 2], dilations: [1, 1], width: 26 },
        { windowShape: [3, 4], strides: [2, 3], dilations: [1, 2], width: 19 },
        { windowShape: [2, 3], strides: [1, 1], dilations: [2, 3], width: 11 },
        { windowShape: [1, 1], strides: [1, 1], dilations: [1, 1], width: 2 },
      ] as const
    ).map(
      ({ width, windowShape: [rows, columns], strides, dilations }): KernelCase => ({
        title: `rows of ${width} pixels of ${channels} channels, ${rows} × ${columns}, strides ${strides}, ${dilations} apart`,
        ...convolution('depthwiseConv2d', {
          inputShape: [2, 7, width, channels],
          windowShape: [rows, columns],
          filters: 1,
          strides: [...strides],
          dilations: [...dilations],
          padding: { top: 1, bottom: 2, left: columns - 1, right: 2 },
        }),
      }),
    ),
  ),
  // Scaled accumulators beside int32, and far within.
  ...[5.5, 700, 4e6].flatMap((multiplier): KernelCase[] => [
    {
      title: `a multiplier of ${multiplier}, depthwise`,
      ...convolution(
        'depthwiseConv2d',
        {
          inputShape: [1, 6, 7, 72],
          windowShape: [5, 5],
          filters: 1,
          strides: [1, 1],
          padding: ONE_AROUND,
        },
        { multiplier },
      ),
    },
    {
      title: `a multiplier of ${multiplier}`,
      ...convolution(
        'conv2d',
        {
          inputShape: [1, 5, 5, 16],
          windowShape: [1, 1],
          filters: 40,
          strides: [1, 1],
          padding: NONE,
        },
        { multiplier },
      ),
    },
  ]),
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
  ...(['add', 'subtract'] as const).flatMap((op) => [
    {
      title: `${op}, the largest multipliers at the widest shift`,
      ...sum(
        op,
        [3, 83],
        { aMultiplier: 2 ** 21, bMultiplier: 2 ** 21, shift: 30 },
        { fill: 'ends' },
      ),
    },
    {
      title: `${op}, zero points and bounds at the ends`,
      ...sum(
        op,
        [2, 35],
        { aMultiplier: 2 ** 20, bMultiplier: 2 ** 20, shift: 20 },
        { aZeroPoint: 0, bZeroPoint: 255, outputZeroPoint: 0, low: 30, high: 200, fill: 'ends' },
      ),
    },
    {
      title: `${op}, beyond every bound`,
      ...sum(
        op,
        [1, 67],
        { aMultiplier: 2 ** 21, bMultiplier: 1, shift: 13 },
        { aZeroPoint: 255, outputZeroPoint: 255 },
      ),
    },
    {
      title: `${op}, one row for all positions of two images`,
      ...sum(op, [12, 19, 6], { aMultiplier: 1234567, bMultiplier: 7654, shift: 20 }),
    },
  ]),
  { title: 'a table, positions and channels that are odd', ...lookup(7, 83) },
  { title: 'a table, one value', ...lookup(1, 1) },
  {
    title: 'zeros around images of a batch',
    ...rearrange(
      { kind: 'pad', padding: { top: 1, bottom: 2, left: 3, right: 0 } },
      [2, 3, 4, 5],
      [6, 7, 5],
      130,
    ),
  },
  {
    title: 'every second row, third column and second channel',
    ...rearrange({ kind: 'slice', begin: [1, 0, 2], strides: [2, 3, 2] }, [2, 7, 9, 8], [3, 3, 3]),
  },
  {
    title: 'channels in front',
    ...rearrange({ kind: 'transpose', permutation: [2, 0, 1] }, [2, 5, 7, 19], [19, 5, 7]),
  },
  {
    title: 'rows and columns in each other’s place',
    ...rearrange({ kind: 'transpose', permutation: [1, 0, 2] }, [3, 5, 7, 19], [7, 5, 19]),
  },
  { title: 'another shape', ...rearrange({ kind: 'reshape' }, [3, 4, 6, 5], [2, 3, 20]) },
  {
    title: 'blocks of channels as pixels',
    ...rearrange({ kind: 'depthToSpace', block: 3 }, [2, 2, 3, 18], [6, 9, 2]),
  },
  {
    title: 'blocks of pixels as channels',
    ...rearrange({ kind: 'spaceToDepth', block: 2 }, [2, 4, 6, 3], [2, 3, 12]),
  },
  {
    title: 'each row twice and each column three times',
    ...rearrange({ kind: 'repeat', times: [2, 3] }, [2, 3, 4, 5], [6, 12, 5]),
  },
  {
    title: 'values from the last to the first, of which some are left out',
    op: 'rearrange',
    call: {
      ...turned,
      strides: [0, 0, 0, 0, -2],
      sizes: [1, 1, 1, 1, 9],
      begins: [0, 0, 0, 0, 1],
      ends: [1, 1, 1, 1, 7],
      offset: 13,
    },
  },
  { title: 'ties of a product', ...multiply([4, 41], 0.5) },
  {
    title: 'a product beyond every bound',
    ...multiply([2, 33], Math.fround(3e38), { aZeroPoint: 0, bZeroPoint: 255, low: 9, high: 99 }),
  },
  { title: 'a product that vanishes', ...multiply([2, 33], 2 ** -149, { fill: 'ends' }) },
  { title: 'a factor a channel', ...multiply([20, 83, 10], 2 ** -7) },
];
