import { type KernelCase, NONE, ONE_AROUND } from './kernel_case.ts';
import { type Arithmetic, convolution, type FilterFill, fullyConnected } from './make_call.ts';

/**
 * Weights of every size: kernels multiply bytes by instructions that saturate, and choose by the weights
 * how to keep them from it. Sums of products stay within int16 where the weights above 0, and those
 * below, sum up to at most 128: one of 128, two of 64, eight of 16. By how many weights there is one at
 * a distance from the zero point: the distances.
 */
const DISTANCES: Readonly<Record<number, readonly number[]>> = {
  1: [0, 254, 255, 127, 128, 64, 65, 31, 32, 33, 25, 26, 14, 15, 16, 17],
  3: [42, 43, 85, 86, 128],
  5: [64, 65, 127, 128, 129, 255],
  41: [128, 129, 255],
};

const FILTER_FILLS: readonly FilterFill[] = [
  'as input',
  'small',
  'alternating',
  ...Object.entries(DISTANCES).flatMap(([every, distances]) =>
    distances
      .flatMap((distance) => [distance, -distance])
      .map((distance) => ({ distance, every: Number(every) })),
  ),
];

/** Every zero point at which a byte has the fill; highest inputs make the largest products. */
function arithmeticOf(filterFill: FilterFill): readonly Partial<Arithmetic>[] {
  return [0, 128, 255]
    .filter((zeroPoint) => {
      const byte = typeof filterFill === 'string' ? zeroPoint : zeroPoint + filterFill.distance;
      return byte >= 0 && byte <= 255;
    })
    .flatMap((filterZeroPoint) =>
      (['ends', 'highest'] as const).map((fill) => ({
        filterFill,
        filterZeroPoint,
        fill,
        biasSize: 'small',
        multiplier: 2 ** -(filterFill === 'small' ? 7 : 9),
        inputZeroPoint: fill === 'highest' ? 254 : 117,
      })),
    );
}

export const WEIGHT_CASES: readonly KernelCase[] = FILTER_FILLS.flatMap((filterFill) =>
  [9, 35, 130].flatMap((taps) =>
    arithmeticOf(filterFill).flatMap((arithmetic): KernelCase[] => {
      const { fill, filterZeroPoint } = arithmetic;
      const title = `weights ${JSON.stringify(filterFill)}, zero point ${filterZeroPoint}, input ${fill}`;
      if (taps !== 9) {
        return [{ title, ...fullyConnected([1, taps, 19], arithmetic) }];
      }
      const image = { padding: ONE_AROUND, windowShape: [3, 3] } as const;
      return [
        ...([1, 2] as const).map(
          (stride): KernelCase => ({
            title: `${title}, stride ${stride}`,
            ...convolution(
              'depthwiseConv2d',
              { ...image, inputShape: [1, 2, 4, 37], filters: 1, strides: [stride, stride] },
              arithmetic,
            ),
          }),
        ),
        ...[18, 37].map(
          (channels): KernelCase => ({
            title: `${title}, 5 × 5, ${channels} channels`,
            ...convolution(
              'depthwiseConv2d',
              {
                inputShape: [1, 3, 6, channels],
                windowShape: [5, 5],
                filters: 1,
                strides: [1, 1],
                padding: { top: 2, bottom: 2, left: 2, right: 2 },
              },
              arithmetic,
            ),
          }),
        ),
        {
          title,
          ...convolution(
            'conv2d',
            { ...image, inputShape: [1, 2, 2, 5], filters: 18, strides: [1, 1] },
            arithmetic,
          ),
        },
        {
          title: `${title}, pointwise`,
          ...convolution(
            'conv2d',
            {
              inputShape: [1, 1, 4, 48],
              windowShape: [1, 1],
              filters: 16,
              strides: [1, 1],
              padding: NONE,
            },
            arithmetic,
          ),
        },
      ];
    }),
  ),
);
