import { type KernelCase, NONE, ONE_AROUND } from './kernel_case.ts';
import { concat, convolution, fullyConnected, globalAveragePool, pool } from './make_call.ts';

/** Beside and beyond the widths of vectors and tiles. */
const ODD_CHANNELS = [7, 9, 15, 31, 33, 63, 65, 127, 131] as const;

export const ODD_SIZE_CASES: readonly KernelCase[] = [
  ...ODD_CHANNELS.flatMap((channels): KernelCase[] => {
    const image = { inputShape: [1, 4, 5, channels], padding: ONE_AROUND } as const;
    const title = `${channels} channels`;
    return [
      {
        title: `${title} to 67, pointwise`,
        ...convolution('conv2d', {
          inputShape: [1, 3, 5, channels],
          windowShape: [1, 1],
          filters: 67,
          strides: [1, 1],
          padding: NONE,
        }),
      },
      {
        title: `35 channels to ${channels}, pointwise, bytes 0 and 255`,
        ...convolution(
          'conv2d',
          {
            inputShape: [1, 3, 5, 35],
            windowShape: [1, 1],
            filters: channels,
            strides: [1, 1],
            padding: NONE,
          },
          { fill: 'ends', inputZeroPoint: 0, filterZeroPoint: 255, multiplier: 2 ** -14 },
        ),
      },
      ...[1, 2, 3].map(
        (stride): KernelCase => ({
          title: `${title}, depthwise 3 × 3, stride ${stride}`,
          ...convolution('depthwiseConv2d', {
            ...image,
            windowShape: [3, 3],
            filters: 1,
            strides: [stride, stride],
          }),
        }),
      ),
      { title, ...pool('averagePool2d', { ...image, windowShape: [3, 3], strides: [2, 2] }) },
      { title, ...pool('maxPool2d', { ...image, windowShape: [3, 3], strides: [2, 2] }) },
      { title, ...globalAveragePool([2, 3, 3, channels]) },
      { title: `${title} to ${channels}`, ...fullyConnected([2, channels, channels]) },
    ];
  }),
  ...([1, 83] as const).flatMap((channels): KernelCase[] => {
    const pixel = { inputShape: [1, 1, 1, channels], strides: [1, 1] } as const;
    const title = `an image of 1 × 1 with ${channels} channel${channels === 1 ? '' : 's'}`;
    const convolutions = (['conv2d', 'depthwiseConv2d'] as const).flatMap((op): KernelCase[] => [
      {
        title: `${title}, window 1 × 1`,
        ...convolution(op, { ...pixel, windowShape: [1, 1], filters: 1, padding: NONE }),
      },
      {
        title: `${title}, window 3 × 3`,
        ...convolution(op, { ...pixel, windowShape: [3, 3], filters: 1, padding: ONE_AROUND }),
      },
      {
        title: `${title}, window 3 × 3, stride 2`,
        ...convolution(op, {
          ...pixel,
          windowShape: [3, 3],
          filters: 1,
          strides: [2, 2],
          padding: ONE_AROUND,
        }),
      },
    ]);
    return [
      ...convolutions,
      { title, ...pool('averagePool2d', { ...pixel, windowShape: [2, 2], padding: ONE_AROUND }) },
      { title, ...pool('maxPool2d', { ...pixel, windowShape: [2, 2], padding: ONE_AROUND }) },
      { title, ...globalAveragePool([1, 1, 1, channels]) },
    ];
  }),
  ...(['conv2d', 'depthwiseConv2d'] as const).flatMap((op): KernelCase[] => [
    {
      title: '1001 channels, a column of two',
      ...convolution(op, {
        inputShape: [1, 2, 1, 1001],
        windowShape: [1, 1],
        filters: 1,
        strides: [1, 1],
        padding: NONE,
      }),
    },
    {
      title: '1001 output channels',
      ...convolution(op, {
        inputShape: [1, 1, 3, 1],
        windowShape: [3, 3],
        filters: 1001,
        strides: [1, 1],
        padding: ONE_AROUND,
      }),
    },
    {
      title: 'one row, padded above and below',
      ...convolution(op, {
        inputShape: [1, 1, 19, 33],
        windowShape: [3, 3],
        filters: 1,
        strides: [1, 1],
        padding: ONE_AROUND,
      }),
    },
    {
      title: 'one column, stride 2 along it',
      ...convolution(op, {
        inputShape: [1, 19, 1, 33],
        windowShape: [3, 3],
        filters: 1,
        strides: [2, 1],
        padding: ONE_AROUND,
      }),
    },
    {
      title: 'a window of 5 × 7 larger than the image, stride 1',
      ...convolution(op, {
        inputShape: [2, 2, 3, 18],
        windowShape: [5, 7],
        filters: 2,
        strides: [1, 1],
        padding: { top: 2, bottom: 2, left: 3, right: 3 },
      }),
    },
    {
      title: 'padding on one side only, stride 3',
      ...convolution(op, {
        inputShape: [1, 8, 8, 65],
        windowShape: [3, 3],
        filters: 1,
        strides: [3, 3],
        padding: { top: 0, bottom: 0, left: 2, right: 0 },
      }),
    },
    {
      title: 'strides beyond the image',
      ...convolution(op, {
        inputShape: [2, 3, 4, 17],
        windowShape: [3, 3],
        filters: 1,
        strides: [9, 9],
        padding: ONE_AROUND,
      }),
    },
  ]),
  { title: '1001 channels', ...globalAveragePool([1, 2, 2, 1001]) },
  { title: 'depth 1, one output', ...fullyConnected([1, 1, 1]) },
  { title: 'depth 1001, one output', ...fullyConnected([3, 1001, 1], { multiplier: 2 ** -14 }) },
  {
    title: 'one channel of one position',
    ...concat(1, [{ channels: 1, zeroPoint: 7, multiplier: 1 }], 9),
  },
  {
    title: 'inputs of 1001 and 65 channels',
    ...concat(
      3,
      [
        { channels: 1001, zeroPoint: 3, multiplier: Math.fround(0.9) },
        { channels: 65, zeroPoint: 200, multiplier: 2 },
      ],
      128,
    ),
  },
];
