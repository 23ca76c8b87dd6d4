import type { Conv2dCall } from '../../../quantize/ops/conv2d.ts';
import type { ElementwiseCall } from '../../../quantize/ops/elementwise.ts';
import type { Calls } from '../../../quantize/ops/table.ts';
import type { Shape4 } from '../../../quantize/ops/tensor.ts';
import type { TransposedConv2dCall } from '../../../quantize/ops/transposed_conv2d.ts';
import type { FixedPoint } from '../../../quantize/params/fixed_point.ts';
import type { RoundingName } from '../../../quantize/params/roundings.ts';
import type { Padding } from '../../../quantize/params/window.ts';
import {
  type Fraction,
  fractionOf,
  nearestSingle,
  requantizeExactly,
  roundFixedExactly,
} from '../params/exact.ts';
import type { KernelCall } from './run_case.ts';

/**
 * eq. 4 to 6 once more, for small calls: on whole numbers below 2⁵³, bigints and exact rationals, over an image that
 * is really padded, one output element at a time, the zero points taken out of the sum
 * (Σ xw − zx Σ w − wz Σ x + n zx wz). It shares no step with the reference tier.
 */
export function computeIndependently(kernelCall: KernelCall): number[] {
  const { op } = kernelCall;
  switch (op) {
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolve(op, kernelCall.call);
    case 'transposedConv2d':
      return transpose(kernelCall.call);
    case 'prelu': {
      const { call } = kernelCall;
      return Array.from(call.input, (q, i) => {
        const x = BigInt(q - call.inputZeroPoint);
        const slope = BigInt(call.alpha[i % call.alpha.length] - call.alphaZeroPoint);
        const value =
          x >= 0n ? inFixedPoint(x, call.positive) : inFixedPoint(x * slope, call.negative);
        return Math.max(0, Math.min(255, Number(value) + call.outputZeroPoint));
      });
    }
    case 'fullyConnected': {
      const { call } = kernelCall;
      return convolve('conv2d', {
        ...call,
        inputShape: [call.batch, 1, 1, call.inputDepth],
        filterShape: [1, 1, call.inputDepth, call.outputDepth],
        strides: [1, 1],
        padding: { top: 0, bottom: 0, left: 0, right: 0 },
        outputShape: [call.batch, 1, 1, call.outputDepth],
      });
    }
    case 'averagePool2d':
    case 'maxPool2d': {
      const { low, high, ...call } = kernelCall.call;
      const reduce = op === 'maxPool2d' ? largest : mean;
      return windows(call, call.windowShape, call.inputShape[3]).map(({ bytes }) =>
        Math.max(low, Math.min(high, reduce(bytes.filter((byte) => byte !== undefined)))),
      );
    }
    case 'globalAveragePool': {
      const { input, inputShape } = kernelCall.call;
      const [batch, height, width, channels] = inputShape;
      const outputShape = [batch, 1, 1, channels] as const;
      const padding = { top: 0, bottom: 0, left: 0, right: 0 };
      const call = { input, inputShape, strides: [1, 1] as const, padding, outputShape };
      return windows(call, [height, width], channels).map(({ bytes }) =>
        mean(bytes.filter((byte) => byte !== undefined)),
      );
    }
    case 'concat': {
      const { inputs, positions } = kernelCall.call;
      const bounds = { ...kernelCall.call, low: 0, high: 255 };
      return Array.from({ length: positions }, (_, position) =>
        inputs.flatMap(({ data, channels, zeroPoint, multiplier }) =>
          [...data.subarray(position * channels, (position + 1) * channels)].map((q) =>
            byteOf(BigInt(q - zeroPoint), multiplier, bounds),
          ),
        ),
      ).flat();
    }
    case 'add':
    case 'subtract': {
      const { call } = kernelCall;
      // (a · A + b · B) / 2^shift to the nearest integer, ties upwards
      return pairs(call).map(([a, b]) => {
        const unit = 1n << BigInt(call.shift);
        const numerator = 2n * (a * BigInt(call.aMultiplier) + b * BigInt(call.bMultiplier)) + unit;
        const denominator = 2n * unit;
        const rest = ((numerator % denominator) + denominator) % denominator;
        const byte = Number((numerator - rest) / denominator) + call.outputZeroPoint;
        return Math.max(call.low, Math.min(call.high, byte));
      });
    }
    case 'maximum':
    case 'minimum': {
      const zeros = { aZeroPoint: 0, bZeroPoint: 0 };
      return pairs({ ...kernelCall.call, ...zeros }).map(([a, b]) =>
        Number(a > b === (op === 'maximum') ? a : b),
      );
    }
    case 'resize':
      return resized(kernelCall.call);
    case 'softmax':
      return shares(kernelCall.call);
    case 'requantize':
    case 'lookup': {
      const { input, table } = kernelCall.call;
      return Array.from(input, (byte) => table[byte]);
    }
    case 'rearrange': {
      const { call } = kernelCall;
      const { sizes, output, input, imageBytes } = call;
      const perImage = output.length / call.batch;
      return Array.from({ length: output.length }, (_, at) => {
        const index = sizes.map((size, k) => {
          const inner = sizes.slice(k + 1).reduce((product, side) => product * side, 1);
          return Math.floor(at / inner) % size;
        });
        if (index.some((i, k) => i < call.begins[k] || i >= call.ends[k])) return call.fill;
        const from = index.reduce((sum, i, k) => sum + i * call.strides[k], call.offset);
        return input[Math.floor(at / perImage) * imageBytes + from];
      });
    }
    case 'multiply': {
      const { call } = kernelCall;
      return pairs(call).map(([a, b]) => byteOf(a * b, call.multiplier, call));
    }
  }
}

/** Rounded to a whole number with ties upwards, and after a shift to the right with ties away from 0. */
function inFixedPoint(x: bigint, { mantissa, shift }: FixedPoint): bigint {
  const floor = (a: bigint, b: bigint) => (a - (((a % b) + b) % b)) / b;
  const left = shift > 0 ? 1n << BigInt(shift) : 1n;
  const high = floor(x * left * BigInt(mantissa) + (1n << 30n), 1n << 31n);
  if (shift >= 0) return high;
  const unit = 1n << BigInt(-shift);
  const magnitude = floor(2n * (high < 0n ? -high : high) + unit, 2n * unit);
  return high < 0n ? -magnitude : magnitude;
}

/** Each input position adds its window to real sums of the whole output, of which the call's is a part. */
function transpose(call: TransposedConv2dCall): number[] {
  const [batch, height, width, channels] = call.inputShape;
  const [kernelHeight, kernelWidth, , filters] = call.filterShape;
  const [, outputHeight, outputWidth] = call.outputShape;
  const sums = new Map<string, bigint>();
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < height * width * kernelHeight * kernelWidth * channels * filters; p++) {
      const m = p % filters;
      const w = Math.floor(p / filters);
      const c = w % channels;
      const kx = Math.floor(w / channels) % kernelWidth;
      const ky = Math.floor(w / channels / kernelWidth) % kernelHeight;
      const position = Math.floor(w / channels / kernelWidth / kernelHeight);
      const [iy, ix] = [Math.floor(position / width), position % width];
      const y = iy * call.strides[0] + ky - call.padding.top;
      const x = ix * call.strides[1] + kx - call.padding.left;
      const value = call.input[((n * height + iy) * width + ix) * channels + c];
      const weight = call.filter[((ky * kernelWidth + kx) * channels + c) * filters + m];
      const product = BigInt((value - call.inputZeroPoint) * (weight - call.filterZeroPoint));
      const key = [n, y, x, m].join();
      sums.set(key, (sums.get(key) ?? 0n) + product);
    }
  }
  return Array.from({ length: batch * outputHeight * outputWidth * filters }, (_, i) => {
    const m = i % filters;
    const x = Math.floor(i / filters) % outputWidth;
    const y = Math.floor(i / filters / outputWidth) % outputHeight;
    const n = Math.floor(i / filters / outputWidth / outputHeight);
    const sum = BigInt(call.bias[m]) + (sums.get([n, y, x, m].join()) ?? 0n);
    const multiplier = typeof call.multiplier === 'number' ? call.multiplier : call.multiplier[m];
    const byte = byteOf(sum, multiplier, call);
    return call.table?.[byte] ?? byte;
  });
}

/** The differences from the zero points of each two elements that meet. */
function pairs({
  a,
  b,
  rows,
  columns,
  share,
  aZeroPoint,
  bZeroPoint,
}: Pick<ElementwiseCall, 'a' | 'b' | 'rows' | 'columns' | 'share' | 'aZeroPoint' | 'bZeroPoint'>) {
  return Array.from({ length: rows * columns }, (_, i) => {
    const second = b[Math.floor(i / (columns * share)) * columns + (i % columns)];
    return [BigInt(a[i] - aZeroPoint), BigInt(second - bZeroPoint)] as const;
  });
}

/** eq. 5, or the call's rounding by integers. */
function byteOf(
  accumulator: bigint,
  multiplier: number,
  call: { outputZeroPoint: number; low: number; high: number; rounding?: RoundingName },
): number {
  const { outputZeroPoint, low, high, rounding } = call;
  return rounding === undefined
    ? requantizeExactly(accumulator, multiplier, outputZeroPoint, low, high)
    : roundFixedExactly(accumulator, multiplier, rounding, outputZeroPoint, low, high);
}

/** Four products of weights at each position, ties upwards: Σ w · q / 2²² to the nearest integer. */
function resized({ input, inputShape, rows, columns }: Calls['resize']): number[] {
  const [batch, height, width, channels] = inputShape;
  const count = [batch, rows.length / 3, columns.length / 3, channels];
  const taps = (numbers: Int32Array, at: number) => {
    const [first, second, weight] = Array.from(numbers.subarray(3 * at, 3 * at + 3));
    return [
      { place: first, weight: 2048n - BigInt(weight) },
      { place: second, weight: BigInt(weight) },
    ];
  };
  return Array.from({ length: count.reduce((a, b) => a * b) }, (_, at) => {
    const c = at % channels;
    const x = Math.floor(at / channels) % count[2];
    const y = Math.floor(at / channels / count[2]) % count[1];
    const n = Math.floor(at / channels / count[2] / count[1]);
    let sum = 0n;
    for (const row of taps(rows, y)) {
      for (const column of taps(columns, x)) {
        const place = ((n * height + row.place) * width + column.place) * channels + c;
        sum += row.weight * column.weight * BigInt(input[place]);
      }
    }
    return Number((2n * sum + (1n << 22n)) / (1n << 23n));
  });
}

/** eq. 15 on rationals, each step brought to the nearest single. */
function shares({ input, positions, channels, powers }: Calls['softmax']): number[] {
  return Array.from({ length: positions }, (_, position) => {
    const row = Array.from(input.subarray(position * channels, (position + 1) * channels));
    const own = row.map((q) => powers[Math.max(...row) - q]);
    const sum = own.reduce((a, b) => nearestSingle(plus(fractionOf(a), fractionOf(b))), 0);
    const total = fractionOf(sum);
    const factor = nearestSingle({
      numerator: 256n * total.denominator,
      denominator: total.numerator,
    });
    return own.map((power) => {
      const [a, b] = [fractionOf(power), fractionOf(factor)];
      const share = nearestSingle({
        numerator: a.numerator * b.numerator,
        denominator: a.denominator * b.denominator,
      });
      const raised = nearestSingle(plus(fractionOf(share), { numerator: 1n, denominator: 2n }));
      return Math.min(Math.trunc(raised), 255);
    });
  }).flat();
}

function plus(a: Fraction, b: Fraction): Fraction {
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

function convolve(op: 'conv2d' | 'depthwiseConv2d', call: Conv2dCall): number[] {
  const [height, width, depth, filters] = call.filterShape;
  const channels = call.inputShape[3];
  const [zx, wz] = [call.inputZeroPoint, call.filterZeroPoint];
  return windows(call, [height, width], call.outputShape[3]).map(({ bytes, column }) => {
    // Whole numbers below 2⁵³, so exact: of n taps each is at most 255² n.
    let [products, inputs, weights, taps] = [0, 0, 0, 0];
    // The first of the channels that the column reads, and how many there are.
    const [first, count] =
      op === 'depthwiseConv2d'
        ? [Math.floor(column / filters), 1]
        : [Math.floor((column * channels) / depth / filters) * depth, depth];
    const offset = op === 'conv2d' ? column : column % filters;
    for (let tap = 0; tap < height * width; tap++) {
      for (let within = 0; within < count; within++) {
        const i = tap * channels + first + within;
        const x = bytes[i] ?? zx;
        const row = op === 'conv2d' ? tap * depth + within : i;
        const w = call.filter[row * filters + offset];
        products += x * w;
        inputs += x;
        weights += w;
        taps += 1;
      }
    }
    const sum = BigInt(products) - BigInt(zx * weights + wz * inputs - taps * zx * wz);
    const multiplier =
      typeof call.multiplier === 'number' ? call.multiplier : call.multiplier[column];
    const byte = byteOf(BigInt(call.bias[column]) + sum, multiplier, call);
    return call.table?.[byte] ?? byte;
  });
}

/**
 * For each output element the bytes under its window, [kh, kw, C] in order, `undefined` where the
 * image is padded; with `channels` = C of a pool, only those of the element's own channel.
 */
function windows(
  call: {
    readonly input: Uint8Array;
    readonly inputShape: Shape4;
    readonly strides: readonly [number, number];
    readonly padding: Padding;
    readonly dilations?: readonly [number, number];
    readonly outputShape: Shape4;
    readonly filter?: Uint8Array;
  },
  windowShape: readonly [number, number],
  columns: number,
): { bytes: (number | undefined)[]; column: number }[] {
  const [, height, width, channels] = call.inputShape;
  const [rows, columnsApart] = call.dilations ?? [1, 1];
  const isPool = call.filter === undefined;
  const elements = [];
  for (let n = 0; n < call.outputShape[0]; n++) {
    for (let y = 0; y < call.outputShape[1]; y++) {
      for (let x = 0; x < call.outputShape[2]; x++) {
        const bytes: (number | undefined)[] = [];
        for (let i = 0; i < windowShape[0] * windowShape[1] * channels; i++) {
          const c = i % channels;
          const kx = Math.floor(i / channels) % windowShape[1];
          const ky = Math.floor(i / channels / windowShape[1]);
          const iy = y * call.strides[0] + ky * rows - call.padding.top;
          const ix = x * call.strides[1] + kx * columnsApart - call.padding.left;
          const inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
          bytes.push(
            inside ? call.input[c + channels * (ix + width * (iy + height * n))] : undefined,
          );
        }
        for (let column = 0; column < columns; column++) {
          elements.push({
            bytes: isPool ? bytes.filter((_, i) => i % channels === column) : bytes,
            column,
          });
        }
      }
    }
  }
  return elements;
}

function largest(bytes: readonly number[]): number {
  return bytes.toSorted((a, b) => b - a)[0];
}

/** (Σq + ⌊n/2⌋) / n rounded down (eq. 6). */
function mean(bytes: readonly number[]): number {
  const n = BigInt(bytes.length);
  return Number((bytes.reduce((sum, byte) => sum + BigInt(byte), 0n) + n / 2n) / n);
}
