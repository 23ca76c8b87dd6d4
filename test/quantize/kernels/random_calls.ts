import fc from 'fast-check';
import type { Shape4 } from '../../../quantize/ops/tensor.ts';
import { dilatedWindow, type Padding } from '../../../quantize/params/window.ts';
import {
  type Arithmetic,
  concat,
  convolution,
  type ElementwiseNumbers,
  extreme,
  fullyConnected,
  globalAveragePool,
  lookup,
  multiply,
  pool,
  prelu,
  rearrange,
  resize,
  softmax,
  sum,
  transposedConvolution,
} from './make_call.ts';
import { arrangedShapes } from './random_arrangements.ts';
import type { KernelCall } from './run_case.ts';

/** Legal calls of every op with random shapes, strides, paddings, zero points and multipliers. */

const integer = (min: number, max: number) => fc.integer({ min, max });
const byte = () => fc.oneof(fc.constantFrom(0, 255), integer(0, 255));
const fill = () => fc.constantFrom('uniform' as const, 'ends' as const);
const filterFill = () =>
  fc.oneof(
    { arbitrary: fc.constant('as input' as const), weight: 4 },
    { arbitrary: fc.constant('small' as const), weight: 4 },
    fc.constant('alternating' as const),
    fc.record({ distance: integer(-255, 255), every: integer(1, 5) }),
  );
const bounds = () => fc.tuple(byte(), byte()).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
const side = () => integer(0, 3);

/** Powers of two make ties; the others reach from the least single to the largest. */
const multiplier = () =>
  fc.oneof(
    integer(-24, 2).map((n) => 2 ** n),
    fc.float({ min: Math.fround(1e-6), max: 4, noNaN: true }),
    fc.float({ min: 2 ** -149, max: Math.fround(3e38), noNaN: true }),
  );

const arithmetic = (): fc.Arbitrary<Arithmetic> =>
  fc
    .record({
      inputZeroPoint: byte(),
      filterZeroPoint: byte(),
      multiplier: multiplier(),
      perChannel: fc.boolean(),
      outputZeroPoint: byte(),
      bounds: fc.oneof(fc.constant([0, 255]), bounds()),
      hasTable: fc.boolean(),
      biasSize: fc.constantFrom('of products' as const, 'of int32' as const, 'small' as const),
      fill: fill(),
      filterFill: filterFill(),
      seed: integer(0, 10000),
      rounding: fc.constantFrom(undefined, undefined, 'double-rounding', 'shift-round'),
    })
    .map(({ bounds: [low, high], rounding, ...rest }) => ({
      ...rest,
      low,
      high,
      ...(rounding && { rounding: rounding as 'double-rounding' | 'shift-round' }),
    }));

interface Placement {
  readonly inputShape: Shape4;
  readonly windowShape: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilations?: readonly [number, number];
}

/** The same with an image that, padded, is at least as large as the window. */
function fitting(placement: Placement): Placement {
  const { inputShape, windowShape, padding, dilations } = placement;
  const [batch, height, width, channels] = inputShape;
  const span = dilatedWindow(windowShape, dilations);
  const rows = Math.max(height, span[0] - padding.top - padding.bottom);
  const columns = Math.max(width, span[1] - padding.left - padding.right);
  return { ...placement, inputShape: [batch, rows, columns, channels] };
}

const placement = (maxChannels: number): fc.Arbitrary<Placement> =>
  fc
    .record({
      inputShape: fc.tuple(integer(1, 3), integer(1, 9), integer(1, 9), integer(1, maxChannels)),
      windowShape: fc.oneof(fc.constant([3, 3] as const), fc.tuple(integer(1, 4), integer(1, 4))),
      strides: fc.tuple(integer(1, 4), integer(1, 4)),
      padding: fc.record({ top: side(), bottom: side(), left: side(), right: side() }),
    })
    .map(fitting);

/** A convolution's taps may lie apart. */
const dilated = (placements: fc.Arbitrary<Placement>): fc.Arbitrary<Placement> =>
  fc.oneof(
    { arbitrary: placements, weight: 2 },
    fc
      .tuple(placements, fc.tuple(integer(1, 3), integer(1, 3)))
      .map(([shapes, dilations]) => fitting({ ...shapes, dilations })),
  );

/** A convolution of one group or several, of so many channels and filters each. */
const grouped = (
  placements: fc.Arbitrary<Placement>,
  most: number,
): fc.Arbitrary<Placement & { readonly filters: number; readonly groups: number }> =>
  fc
    .tuple(placements, integer(1, most), fc.oneof(fc.constant(1), integer(1, 5)))
    .map(([shapes, filters, groups]) => {
      const [batch, height, width, channels] = shapes.inputShape;
      const depth = Math.ceil(channels / groups);
      const inputShape = [batch, height, width, depth * groups] as const;
      return { ...shapes, inputShape, filters: Math.ceil(filters / groups) * groups, groups };
    });

/** An output that ends within a stride behind what the windows reach. */
const transposed = (placements: fc.Arbitrary<Placement>, most: number) =>
  fc
    .tuple(placements, integer(1, most), fc.tuple(integer(0, 3), integer(0, 3)), integer(0, 99))
    .map(([{ inputShape, windowShape, strides }, filters, cut, seed]) => {
      const begin = cut.map((side, axis) => Math.min(side, windowShape[axis] - 1));
      const size = begin.map((side, axis) => {
        const whole = (inputShape[axis + 1] - 1) * strides[axis] + windowShape[axis];
        return Math.max(1, whole - side - (seed % 3) + ((seed >> 2) % strides[axis]));
      });
      return {
        inputShape,
        windowShape,
        strides,
        filters,
        begin: [begin[0], begin[1]] as const,
        size: [size[0], size[1]] as const,
      };
    });

const fixed = (most: number) =>
  fc.record({
    mantissa: fc.oneof(fc.constant(2 ** 30), integer(2 ** 30, 2 ** 31 - 1)),
    shift: fc.oneof(integer(-8, 2), integer(-31, most)),
  });

/** A pool's padding is smaller than its window. */
const poolPlacement = (): fc.Arbitrary<Placement> =>
  placement(40).map(({ padding, ...rest }) => {
    const [height, width] = rest.windowShape;
    const smaller = {
      top: Math.min(padding.top, height - 1),
      bottom: Math.min(padding.bottom, height - 1),
      left: Math.min(padding.left, width - 1),
      right: Math.min(padding.right, width - 1),
    };
    return fitting({ ...rest, padding: smaller });
  });

const poolCall = (op: 'averagePool2d' | 'maxPool2d') =>
  fc.tuple(poolPlacement(), arithmetic()).map(([shapes, numbers]) => pool(op, shapes, numbers));

const concatPart = () =>
  fc.record({ channels: integer(1, 20), zeroPoint: byte(), multiplier: multiplier() });

const elementwiseNumbers = (): fc.Arbitrary<ElementwiseNumbers> =>
  fc
    .record({
      aZeroPoint: byte(),
      bZeroPoint: byte(),
      outputZeroPoint: byte(),
      bounds: fc.oneof(fc.constant([0, 255]), bounds()),
      fill: fill(),
      seed: integer(0, 10000),
    })
    .map(({ bounds: [low, high], ...rest }) => ({ ...rest, low, high }));

/** Rows, columns and how many rows share one of the second tensor. */
const rows = () =>
  fc
    .tuple(integer(1, 4), integer(1, 90), fc.oneof(fc.constant(1), integer(1, 9)))
    .map(([images, columns, share]) => [images * share, columns, share] as const);

const multipliers = () =>
  fc.record({
    aMultiplier: integer(0, 2 ** 21),
    bMultiplier: integer(0, 2 ** 21),
    shift: integer(13, 30),
  });

const sumCall = (op: 'add' | 'subtract') =>
  fc
    .tuple(rows(), multipliers(), elementwiseNumbers())
    .map(([shape, integers, numbers]) => sum(op, shape, integers, numbers));

const extremeCall = (op: 'maximum' | 'minimum') =>
  fc.tuple(rows(), integer(0, 10000)).map(([shape, seed]) => extreme(op, shape, seed));

const kindOfResize = () =>
  fc.record({
    method: fc.constantFrom('nearest' as const, 'bilinear' as const),
    corners: fc.constantFrom('halfPixel' as const, 'asymmetric' as const, 'aligned' as const),
  });

export const RANDOM_CALLS: Readonly<Record<KernelCall['op'], fc.Arbitrary<KernelCall>>> = {
  conv2d: fc
    .tuple(grouped(dilated(placement(20)), 20), arithmetic())
    .map(([shapes, numbers]) => convolution('conv2d', shapes, numbers)),
  depthwiseConv2d: fc
    .tuple(dilated(placement(20)), fc.oneof(fc.constant(1), integer(1, 3)), arithmetic())
    .map(([shapes, filters, numbers]) =>
      convolution('depthwiseConv2d', { ...shapes, filters }, numbers),
    ),
  transposedConv2d: fc
    .tuple(transposed(placement(20), 20), arithmetic())
    .map(([shapes, numbers]) => transposedConvolution(shapes, numbers)),
  prelu: fc
    .tuple(
      integer(1, 9),
      integer(1, 60),
      fc.record({
        inputZeroPoint: byte(),
        alphaZeroPoint: byte(),
        outputZeroPoint: byte(),
        positive: fixed(22),
        negative: fixed(14),
        seed: integer(0, 10000),
      }),
    )
    .map(([rows, slopes, numbers]) => prelu(rows, slopes, numbers)),
  fullyConnected: fc
    .tuple(integer(1, 9), integer(1, 70), integer(1, 40), arithmetic())
    .map(([batch, depth, outputs, numbers]) => fullyConnected([batch, depth, outputs], numbers)),
  averagePool2d: poolCall('averagePool2d'),
  maxPool2d: poolCall('maxPool2d'),
  globalAveragePool: fc
    .tuple(integer(1, 3), integer(1, 20), integer(1, 20), integer(1, 40), integer(0, 10000), fill())
    .map(([n, h, w, c, seed, how]) => globalAveragePool([n, h, w, c], seed, how)),
  concat: fc
    .tuple(integer(1, 30), fc.array(concatPart(), { minLength: 1, maxLength: 5 }), byte())
    .map(([positions, parts, zeroPoint]) => concat(positions, parts, zeroPoint)),
  add: sumCall('add'),
  subtract: sumCall('subtract'),
  multiply: fc
    .tuple(rows(), multiplier(), elementwiseNumbers())
    .map(([shape, factor, numbers]) => multiply(shape, factor, numbers)),
  lookup: fc
    .tuple(integer(1, 40), integer(1, 40), integer(0, 10000))
    .map(([positions, channels, seed]) => lookup(positions, channels, seed)),
  rearrange: fc
    .tuple(arrangedShapes(), integer(1, 3), byte(), integer(0, 10000))
    .map(([{ arrangement, input, output }, batch, fill, seed]) =>
      rearrange(arrangement, [batch, ...input], output, fill, seed),
    ),
  resize: fc
    .tuple(
      kindOfResize(),
      fc.tuple(integer(1, 2), integer(1, 9), integer(1, 9), integer(1, 40)),
      fc.tuple(integer(1, 15), integer(1, 15)),
      integer(0, 10000),
      fill(),
    )
    .map(([kind, shape, size, seed, how]) => resize(kind, shape, size, seed, how)),
  maximum: extremeCall('maximum'),
  minimum: extremeCall('minimum'),
  requantize: fc
    .tuple(integer(1, 40), integer(1, 40), integer(0, 10000))
    .map(([positions, channels, seed]) => lookup(positions, channels, seed, 'requantize')),
  softmax: fc
    .tuple(
      integer(1, 9),
      integer(1, 60),
      fc.double({ min: 1e-3, max: 2, noNaN: true }),
      integer(0, 10000),
      fill(),
    )
    .map(([positions, channels, scale, seed, how]) =>
      softmax(positions, channels, scale, seed, how),
    ),
};

const widePlacement = (): fc.Arbitrary<Placement> =>
  fc
    .record({
      inputShape: fc.tuple(integer(1, 2), integer(1, 6), integer(1, 6), integer(1, 150)),
      windowShape: fc.oneof(fc.constant([1, 1] as const), fc.constant([3, 3] as const)),
      strides: fc.tuple(integer(1, 2), integer(1, 2)),
      padding: fc.oneof(
        fc.constant({ top: 0, bottom: 0, left: 0, right: 0 }),
        fc.record({ top: side(), bottom: side(), left: side(), right: side() }),
      ),
    })
    .map(fitting);

/** Calls of more channels than the widest vectors and tiles have, and not a multiple of them. */
export const WIDE_CALLS: Readonly<Record<string, fc.Arbitrary<KernelCall>>> = {
  conv2d: fc
    .tuple(grouped(dilated(widePlacement()), 150), arithmetic())
    .map(([shapes, numbers]) => convolution('conv2d', shapes, numbers)),
  depthwiseConv2d: fc
    .tuple(dilated(widePlacement()), arithmetic())
    .map(([shapes, numbers]) =>
      convolution(
        'depthwiseConv2d',
        { ...fitting({ ...shapes, windowShape: [3, 3] }), filters: 1 },
        numbers,
      ),
    ),
  transposedConv2d: fc
    .tuple(transposed(widePlacement(), 150), arithmetic())
    .map(([shapes, numbers]) => transposedConvolution(shapes, numbers)),
  fullyConnected: fc
    .tuple(integer(1, 20), integer(1, 300), integer(1, 300), arithmetic())
    .map(([batch, depth, outputs, numbers]) => fullyConnected([batch, depth, outputs], numbers)),
};
