import type { Nodes } from '../../../quantize/ops/table.ts';
import type { Shape4 } from '../../../quantize/ops/tensor.ts';
import { accumulatorBound } from '../../../quantize/params/accumulator.ts';
import { type Arrangement, arrangementMap } from '../../../quantize/params/arrangement.ts';
import type { FixedPoint } from '../../../quantize/params/fixed_point.ts';
import type { RoundingName } from '../../../quantize/params/roundings.ts';
import { resizeTaps } from '../../../quantize/params/resize.ts';
import { softmaxPowers } from '../../../quantize/params/softmax.ts';
import { dilatedWindow, type Padding } from '../../../quantize/params/window.ts';
import type { KernelCall } from './run_case.ts';

/** How the bytes of a tensor are drawn: uniformly, only 0 and 255, or all 255. */
export type Fill = 'uniform' | 'ends' | 'highest';

/** `length` bytes that depend on `seed` alone (a linear congruential generator's top bytes). */
export function randomBytes(length: number, seed: number, fill: Fill = 'uniform'): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = Math.imul(seed + 1, 0x9e3779b1);
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const byte = state >>> 24;
    bytes[i] = fill === 'uniform' ? byte : fill === 'ends' && byte < 128 ? 0 : 255;
  }
  return bytes;
}

/**
 * How a filter's bytes are drawn: like the input's; 0 and 255 in turn; most within 9 of the zero point
 * and one in 64 anywhere, as in networks; or one in `every` at a distance from the zero point, the
 * others at none.
 */
export type FilterFill =
  | 'as input'
  | 'alternating'
  | 'small'
  | { readonly distance: number; readonly every: number };

function filterBytes(
  length: number,
  { seed, fill, filterFill, filterZeroPoint }: Arithmetic,
): Uint8Array {
  const bytes = randomBytes(length, seed + 10, filterFill === 'as input' ? fill : 'uniform');
  if (filterFill === 'as input') return bytes;
  const outliers = randomBytes(length, seed + 11);
  const clamped = Uint8ClampedArray.from(bytes, (byte, i) => {
    if (filterFill === 'alternating') return 255 * (i % 2);
    if (filterFill === 'small') return outliers[i] < 4 ? byte : filterZeroPoint + (byte % 19) - 9;
    return filterZeroPoint + (i % filterFill.every === 0 ? filterFill.distance : 0);
  });
  return new Uint8Array(clamped.buffer);
}

/**
 * Biases that depend on `seed` alone: of the products' size, as near to ±2³¹ as is legal, or small: the
 * products decide.
 */
export type BiasSize = 'of products' | 'of int32' | 'small';

function randomBias(
  length: number,
  seed: number,
  size: BiasSize,
  taps: number,
  inputZeroPoint: number,
  weightZeroPoint: number,
): Int32Array {
  const products = accumulatorBound({ biasMax: 0, taps, inputZeroPoint, weightZeroPoint });
  const high = randomBytes(length, seed);
  const low = randomBytes(length, seed + 1);
  return Int32Array.from({ length }, (_, m) => {
    const unit = (high[m] * 256 + low[m] - 32768) / 32768;
    if (size === 'of products') return Math.round(unit * products);
    if (size === 'small') return Math.round(unit * 100);
    const largest = 2 ** 31 - 1 - products - low[m];
    return high[m] < 128 ? -largest : largest;
  });
}

/** What a convolution or a fully connected layer has beside its shapes; defaults below. */
export interface Arithmetic {
  readonly inputZeroPoint: number;
  readonly filterZeroPoint: number;
  /** Of each channel a part of it, where `perChannel`. */
  readonly multiplier: number;
  readonly perChannel: boolean;
  readonly rounding?: Exclude<RoundingName, 'f32-multiply-round-half-even'>;
  readonly outputZeroPoint: number;
  readonly low: number;
  readonly high: number;
  /** Whether a table is behind it. */
  readonly hasTable?: boolean;
  readonly biasSize: BiasSize;
  readonly fill: Fill;
  readonly filterFill: FilterFill;
  readonly seed: number;
}

/** One multiplier, or one a channel: singles > 0. */
function multiplierOf({ multiplier, perChannel, seed }: Arithmetic, channels: number) {
  if (!perChannel) return multiplier;
  return Array.from(randomBytes(channels, seed + 30), (byte) =>
    Math.max(Math.fround((multiplier * (1 + (byte % 97))) / 97), 2 ** -149),
  );
}

const ARITHMETIC: Arithmetic = {
  inputZeroPoint: 117,
  filterZeroPoint: 133,
  multiplier: 2 ** -10,
  perChannel: false,
  outputZeroPoint: 100,
  low: 0,
  high: 255,
  biasSize: 'of products',
  fill: 'uniform',
  filterFill: 'as input',
  seed: 1,
};

export interface ConvolutionShapes {
  readonly inputShape: Shape4;
  readonly windowShape: readonly [number, number];
  /** Output channels of a conv2d, depthMultiplier of a depthwise one. */
  readonly filters: number;
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly dilations?: readonly [number, number];
  /** Of a conv2d; divides its channels and its filters. */
  readonly groups?: number;
}

function outputSize(size: number, window: number, stride: number, padding: number): number {
  return Math.floor((size + padding - window) / stride) + 1;
}

function outputPositions(
  inputShape: Shape4,
  windowShape: readonly [number, number],
  strides: readonly [number, number],
  padding: Padding,
): readonly [number, number] {
  return [
    outputSize(inputShape[1], windowShape[0], strides[0], padding.top + padding.bottom),
    outputSize(inputShape[2], windowShape[1], strides[1], padding.left + padding.right),
  ];
}

export function convolution(
  op: 'conv2d' | 'depthwiseConv2d',
  { inputShape, windowShape, filters, strides, padding, dilations, groups = 1 }: ConvolutionShapes,
  overrides: Partial<Arithmetic> = {},
): KernelCall {
  const arithmetic = { ...ARITHMETIC, ...overrides };
  const { seed, fill, biasSize, inputZeroPoint, filterZeroPoint } = arithmetic;
  const [batch, , , channels] = inputShape;
  const span = dilatedWindow(windowShape, dilations);
  const [height, width] = outputPositions(inputShape, span, strides, padding);
  const depth = channels / groups;
  const filterShape = [...windowShape, depth, filters] as const;
  const columns = op === 'conv2d' ? filters : channels * filters;
  const taps = windowShape[0] * windowShape[1] * (op === 'conv2d' ? depth : 1);
  const call = {
    input: randomBytes(elements(inputShape), seed, fill),
    inputShape,
    inputZeroPoint,
    filter: filterBytes(elements(filterShape), arithmetic),
    filterShape,
    filterZeroPoint,
    bias: randomBias(columns, seed + 20, biasSize, taps, inputZeroPoint, filterZeroPoint),
    strides,
    padding,
    ...(dilations && { dilations }),
    multiplier: multiplierOf(arithmetic, columns),
    ...(arithmetic.rounding && { rounding: arithmetic.rounding }),
    outputZeroPoint: arithmetic.outputZeroPoint,
    low: arithmetic.low,
    high: arithmetic.high,
    ...(arithmetic.hasTable && { table: randomBytes(256, seed + 30) }),
    output: new Uint8Array(batch * height * width * columns),
    outputShape: [batch, height, width, columns] as const,
  };
  return { op, call };
}

export interface TransposedShapes extends Omit<ConvolutionShapes, 'padding' | 'groups'> {
  /** Cut off above and to the left. */
  readonly begin: readonly [number, number];
  /** [H', W'] */
  readonly size: readonly [number, number];
}

export function transposedConvolution(
  { inputShape, windowShape, filters, strides, begin, size }: TransposedShapes,
  overrides: Partial<Arithmetic> = {},
): KernelCall {
  const padding = { top: begin[0], left: begin[1], bottom: 0, right: 0 };
  // Input, weights and numbers are those of some convolution.
  const around = { top: windowShape[0], bottom: 0, left: windowShape[1], right: 0 };
  const { call } = convolution(
    'conv2d',
    { inputShape, windowShape, filters, strides: [1, 1], padding: around },
    overrides,
  ) as Extract<KernelCall, { op: 'conv2d' }>;
  const outputShape = [inputShape[0], ...size, filters] as const;
  const output = new Uint8Array(elements(outputShape));
  return { op: 'transposedConv2d', call: { ...call, strides, padding, output, outputShape } };
}

/** What a call of a PReLU has beside its shapes. */
export interface PreluNumbers {
  readonly inputZeroPoint: number;
  readonly alphaZeroPoint: number;
  readonly outputZeroPoint: number;
  readonly positive: FixedPoint;
  readonly negative: FixedPoint;
  readonly seed: number;
}

/** [rows, slopes] */
export function prelu(
  rows: number,
  slopes: number,
  { seed, ...numbers }: PreluNumbers,
): KernelCall {
  const call = {
    ...numbers,
    input: randomBytes(rows * slopes, seed),
    alpha: randomBytes(slopes, seed + 1),
    rows,
    output: new Uint8Array(rows * slopes),
  };
  return { op: 'prelu', call };
}

export function fullyConnected(
  [batch, inputDepth, outputDepth]: readonly [number, number, number],
  overrides: Partial<Arithmetic> = {},
): KernelCall {
  const arithmetic = { ...ARITHMETIC, ...overrides };
  const { seed, fill, biasSize, inputZeroPoint, filterZeroPoint } = arithmetic;
  const call = {
    input: randomBytes(batch * inputDepth, seed, fill),
    batch,
    inputDepth,
    inputZeroPoint,
    filter: filterBytes(inputDepth * outputDepth, arithmetic),
    filterZeroPoint,
    bias: randomBias(outputDepth, seed + 20, biasSize, inputDepth, inputZeroPoint, filterZeroPoint),
    multiplier: multiplierOf(arithmetic, outputDepth),
    ...(arithmetic.rounding && { rounding: arithmetic.rounding }),
    outputZeroPoint: arithmetic.outputZeroPoint,
    low: arithmetic.low,
    high: arithmetic.high,
    ...(arithmetic.hasTable && { table: randomBytes(256, seed + 30) }),
    output: new Uint8Array(batch * outputDepth),
    outputDepth,
  };
  return { op: 'fullyConnected', call };
}

export function pool(
  op: 'averagePool2d' | 'maxPool2d',
  { inputShape, windowShape, strides, padding }: Omit<ConvolutionShapes, 'filters'>,
  { low = 0, high = 255, seed = 1, fill = 'uniform' }: Partial<Arithmetic> = {},
): KernelCall {
  const [batch, , , channels] = inputShape;
  const [height, width] = outputPositions(inputShape, windowShape, strides, padding);
  const call = {
    input: randomBytes(elements(inputShape), seed, fill),
    inputShape,
    windowShape,
    strides,
    padding,
    low,
    high,
    output: new Uint8Array(batch * height * width * channels),
    outputShape: [batch, height, width, channels] as const,
  };
  return { op, call };
}

export function globalAveragePool(
  inputShape: Shape4,
  seed = 1,
  fill: Fill = 'uniform',
): KernelCall {
  const input = randomBytes(elements(inputShape), seed, fill);
  const output = new Uint8Array(inputShape[0] * inputShape[3]);
  return { op: 'globalAveragePool', call: { input, inputShape, output } };
}

/** One input of a concatenation, without its bytes. */
export interface ConcatPart {
  readonly channels: number;
  readonly zeroPoint: number;
  readonly multiplier: number;
}

export function concat(
  positions: number,
  parts: readonly ConcatPart[],
  outputZeroPoint: number,
  seed = 1,
): KernelCall {
  const inputs = parts.map((part, i) => ({
    ...part,
    data: randomBytes(positions * part.channels, seed + i),
  }));
  const channels = parts.reduce((sum, part) => sum + part.channels, 0);
  const output = new Uint8Array(positions * channels);
  return { op: 'concat', call: { inputs, positions, outputZeroPoint, output } };
}

/** What a call of two tensors has beside its shapes. */
export interface ElementwiseNumbers {
  readonly aZeroPoint: number;
  readonly bZeroPoint: number;
  readonly outputZeroPoint: number;
  readonly low: number;
  readonly high: number;
  readonly fill: Fill;
  readonly seed: number;
}

const ELEMENTWISE: ElementwiseNumbers = {
  aZeroPoint: 117,
  bZeroPoint: 90,
  outputZeroPoint: 100,
  low: 0,
  high: 255,
  fill: 'uniform',
  seed: 1,
};

/** [rows, columns], and of the second tensor [rows / share, columns]. */
type Rows = readonly [rows: number, columns: number, share?: number];

function elementwise([rows, columns, share = 1]: Rows, overrides: Partial<ElementwiseNumbers>) {
  const { fill, seed, ...numbers } = { ...ELEMENTWISE, ...overrides };
  return {
    ...numbers,
    a: randomBytes(rows * columns, seed, fill),
    b: randomBytes((rows / share) * columns, seed + 1, fill),
    rows,
    columns,
    share,
    output: new Uint8Array(rows * columns),
  };
}

export interface SumMultipliers {
  readonly aMultiplier: number;
  /** ≥ 0, also of a difference. */
  readonly bMultiplier: number;
  readonly shift: number;
}

export function sum(
  op: 'add' | 'subtract',
  rows: Rows,
  { aMultiplier, bMultiplier, shift }: SumMultipliers,
  overrides: Partial<ElementwiseNumbers> = {},
): KernelCall {
  const sign = op === 'add' ? 1 : -1;
  const call = { ...elementwise(rows, overrides), aMultiplier, shift };
  return { op, call: { ...call, bMultiplier: sign * bMultiplier } };
}

export function multiply(
  rows: Rows,
  multiplier: number,
  overrides: Partial<ElementwiseNumbers> = {},
): KernelCall {
  return { op: 'multiply', call: { ...elementwise(rows, overrides), multiplier } };
}

/** A random table on [positions, channels]. */
export function lookup(
  positions: number,
  channels: number,
  seed = 1,
  op: 'lookup' | 'requantize' = 'lookup',
): KernelCall {
  const call = {
    input: randomBytes(positions * channels, seed),
    positions,
    channels,
    table: randomBytes(256, seed + 1),
    output: new Uint8Array(positions * channels),
  };
  return { op, call };
}

/** The greater or the lesser of two tensors. */
export function extreme(op: 'maximum' | 'minimum', shape: Rows, seed = 1): KernelCall {
  const { a, b, rows, columns, share, output } = elementwise(shape, { seed });
  return { op, call: { a, b, rows, columns, share, output } };
}

/** Images [batch, H, W, C] at another size. */
export function resize(
  { method, corners }: Pick<Nodes['resize'], 'method' | 'corners'>,
  inputShape: Shape4,
  [height, width]: readonly [number, number],
  seed = 1,
  fill: Fill = 'uniform',
): KernelCall {
  const call = {
    input: randomBytes(elements(inputShape), seed, fill),
    inputShape,
    rows: resizeTaps(method, corners, inputShape[1], height),
    columns: resizeTaps(method, corners, inputShape[2], width),
    output: new Uint8Array(inputShape[0] * height * width * inputShape[3]),
  };
  return { op: 'resize', call };
}

/** Probabilities of logits [positions, channels] at a scale. */
export function softmax(
  positions: number,
  channels: number,
  scale: number,
  seed = 1,
  fill: Fill = 'uniform',
): KernelCall {
  const call = {
    input: randomBytes(positions * channels, seed, fill),
    positions,
    channels,
    powers: Float32Array.from(softmaxPowers(Math.fround(scale))),
    output: new Uint8Array(positions * channels),
  };
  return { op: 'softmax', call };
}

/** An arrangement of images [batch, H, W, C]. */
export function rearrange(
  arrangement: Arrangement,
  [batch, height, width, channels]: Shape4,
  output: readonly [number, number, number],
  fill = 7,
  seed = 1,
): KernelCall {
  const imageBytes = height * width * channels;
  const call = {
    input: randomBytes(batch * imageBytes, seed),
    batch,
    imageBytes,
    ...arrangementMap(arrangement, [height, width, channels], output),
    fill,
    output: new Uint8Array(batch * output[0] * output[1] * output[2]),
  };
  return { op: 'rearrange', call };
}

function elements(shape: Shape4): number {
  return shape[0] * shape[1] * shape[2] * shape[3];
}
