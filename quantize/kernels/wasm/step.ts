import type { AdditionCall } from '../../ops/addition.ts';
import type { ConcatCall } from '../../ops/concat.ts';
import { type Conv2dCall, groupsOf } from '../../ops/conv2d.ts';
import type { ElementwiseCall } from '../../ops/elementwise.ts';
import type { ExtremeCall } from '../../ops/extreme.ts';
import type { LookupCall } from '../../ops/lookup.ts';
import type { MultiplyCall } from '../../ops/multiply.ts';
import type { Pool2dCall } from '../../ops/pool2d.ts';
import { type PreluCall, preluTable } from '../../ops/prelu.ts';
import type { RearrangeCall } from '../../ops/rearrange.ts';
import { multipliersOf, type Requantization } from '../../ops/requantization.ts';
import type { ResizeCall } from '../../ops/resize.ts';
import type { SoftmaxCall } from '../../ops/softmax.ts';
import { type CallTable, checkCall, type KernelCall, ofCall } from '../../ops/table.ts';
import type { TransposedConv2dCall } from '../../ops/transposed_conv2d.ts';
import { alignUp } from '../../params/align_up.ts';
import { TAP_NUMBERS } from '../../params/resize.ts';
import { dilatedWindow } from '../../params/window.ts';
import {
  asConvolution,
  asPool,
  requireInt32Size,
  type WindowGeometry,
  windowGeometry,
} from '../canonical_call.ts';
import { phaseSlices } from '../phases.ts';
import { groupSlices, type Slice, type SlicePlace } from '../slices.ts';
import type { Arena } from './arena.ts';
import * as record from './assembly/records.ts';
import { type FilterMatrix, LANES, type PackedFilter } from './pack_filter.ts';

/** Rows of a tile of the im2col matrix, bytes of a pair of columns of it: assembly/im2col.ts. */
const TILE_ROWS = 5;
const PAIR_BYTES = 20;

/** Of a tile, rounded up to cache lines: assembly/convolution.ts. */
const ACCUMULATOR_BYTES = 192;

/** 1.5 · 2²³ as a single, its bits: assembly/requantize.ts. */
const ROUNDER_BITS = 0x4b400000;

/** Tiles are packed in blocks of about this size: they stay in the L2 cache. */
const BLOCK_BYTES = 128 * 1024;

/** Kernels write whole vectors into scratch. */
const SLACK_BYTES = 64;

/** Values of a record's fields: pairs of an offset of assembly/records.ts and a number. */
type Fields = readonly (readonly [offset: number, value: number])[];

/** A checked call as the kernels take it; all but where its tensors and weights lie. */
export interface KernelStep {
  /** What a thread needs of scratch. */
  readonly scratchBytes: number;
  readonly integers: Fields;
  /** Single-precision numbers. */
  readonly singles: Fields;
  /** Of a convolution: the filter that is to be packed. */
  readonly matrix?: FilterMatrix;
  readonly biases?: Pick<Conv2dCall, 'bias' | 'inputZeroPoint' | 'multiplier'>;
  /** Of a call that is several convolutions: `matrix` has the filters of all. */
  readonly slices?: readonly SliceStep[];
  /** Of a function of each value; behind a convolution, of its output's. */
  readonly table?: Uint8Array;
  /** Of a function with slopes. */
  readonly alpha?: Uint8Array;
  /** Numbers that the record points to, by its fields. */
  readonly arrays?: readonly (readonly [field: number, numbers: Int32Array | Float32Array])[];
  /** Of a concatenation. */
  readonly parts?: Pick<ConcatCall, 'inputs' | 'outputZeroPoint'>;
}

/** One of a step's convolutions. */
interface SliceStep extends KernelStep {
  readonly place: SlicePlace;
}

/** Where a step's tensors and weights lie. */
export interface Placement {
  /** Offsets from the arena. */
  readonly inputs: readonly number[];
  readonly output: number;
  readonly filter?: PackedFilter;
}

const STEPS: CallTable<KernelStep> = {
  conv2d: (call) =>
    groupsOf(call) === 1 ? convolutionStep(call) : slicedStep(call, groupSlices(call), 'groups'),
  depthwiseConv2d: depthwiseStep,
  transposedConv2d: (call) => slicedStep(call, phaseSlices(call), phaseKey(call)),
  prelu: preluStep,
  fullyConnected: (call) => convolutionStep(asConvolution(call)),
  averagePool2d: (call) => poolStep(record.OP_AVERAGE_POOL, call),
  maxPool2d: (call) => poolStep(record.OP_MAX_POOL, call),
  globalAveragePool: (call) => poolStep(record.OP_AVERAGE_POOL, asPool(call)),
  concat: concatStep,
  add: additionStep,
  subtract: additionStep,
  multiply: multiplyStep,
  lookup: lookupStep,
  rearrange: rearrangeStep,
  resize: resizeStep,
  maximum: (call) => extremeStep(record.OP_MAXIMUM, call),
  minimum: (call) => extremeStep(record.OP_MINIMUM, call),
  requantize: lookupStep,
  softmax: softmaxStep,
};

/** @throws QuantizationError when the call is not legal */
export function prepareStep(kernelCall: KernelCall): KernelStep {
  checkCall(kernelCall);
  return ofCall(STEPS, kernelCall);
}

function convolutionStep(call: Conv2dCall): KernelStep {
  const { filterShape, outputShape, filter, bias, inputShape } = call;
  const geometry = windowGeometry(call, [filterShape[0], filterShape[1]], outputShape);
  return windowStep(call, { geometry, filter, bias, firstChannel: 0 }, inputShape[3], {
    outputStep: outputShape[3],
    outputRow: outputShape[2] * outputShape[3],
    outputImage: outputShape[1] * outputShape[2] * outputShape[3],
  });
}

/** @param key how the call was divided */
function slicedStep(
  call: Conv2dCall | TransposedConv2dCall,
  slices: readonly Slice[],
  key: string,
): KernelStep {
  const [, outputHeight, outputWidth, columns] = call.outputShape;
  requireInt32Size(call.output.length);
  const outputImage = outputHeight * outputWidth * columns;
  const steps = slices.map((slice): SliceStep => {
    const { outputStep, outputRow } = slice.place;
    const places = { outputStep, outputRow, outputImage };
    return { ...windowStep(call, slice, call.inputShape[3], places), place: slice.place };
  });
  const [kernelHeight, kernelWidth, channels] = call.filterShape;
  return {
    scratchBytes: Math.max(...steps.map(({ scratchBytes }) => scratchBytes)),
    matrix: {
      filter: call.filter,
      zeroPoint: call.filterZeroPoint,
      depth: kernelHeight * kernelWidth * channels,
      columns,
      slices: { key, matrices: steps.map(({ matrix }) => matrix!) },
    },
    slices: steps,
    integers: [
      [record.OP, record.OP_SLICES],
      [record.SLICE_COUNT, steps.length],
    ],
    singles: [],
  };
}

/** The taps of a phase follow from the strides and from where the output begins. */
function phaseKey({ strides, padding, outputShape }: TransposedConv2dCall): string {
  return [strides, padding.top, padding.left, outputShape].join();
}

/** The multipliers of `count` channels from `first` on. */
function ofChannels(
  { multiplier }: Pick<Conv2dCall, 'multiplier'>,
  first: number,
  count: number,
): Conv2dCall['multiplier'] {
  return typeof multiplier === 'number' ? multiplier : multiplier.slice(first, first + count);
}

/** A convolution whose rows lie apart in the tensors, in bytes. */
function windowStep(
  call: Conv2dCall | TransposedConv2dCall,
  { geometry, filter, bias, firstChannel }: Omit<Slice, 'place'>,
  inputStep: number,
  output: Pick<SlicePlace, 'outputStep' | 'outputRow'> & { readonly outputImage: number },
): KernelStep {
  const { channels, outputChannels: columns } = geometry;
  const depth = geometry.windowHeight * geometry.windowWidth * channels;
  // A 1 × 1 window that leaves out no position: the image is the im2col matrix.
  const isMatrix =
    depth === channels &&
    geometry.outputHeight === geometry.height &&
    geometry.outputWidth === geometry.width &&
    geometry.strideY === 1 &&
    geometry.strideX === 1 &&
    geometry.paddingTop === 0 &&
    geometry.paddingLeft === 0;
  const positions = geometry.batch * geometry.outputHeight * geometry.outputWidth;
  const tiles = Math.ceil(positions / TILE_ROWS);
  const tileBytes = Math.ceil(depth / 2) * PAIR_BYTES;
  const blockTiles = Math.min(tiles, Math.max(1, Math.floor(BLOCK_BYTES / tileBytes)));
  const gatheredBytes = isMatrix ? 0 : TILE_ROWS * (alignUp(depth, 16) + 16);
  return {
    scratchBytes: ACCUMULATOR_BYTES + gatheredBytes + blockTiles * tileBytes + SLACK_BYTES,
    matrix: { filter, zeroPoint: call.filterZeroPoint, depth, columns },
    biases: {
      bias,
      inputZeroPoint: call.inputZeroPoint,
      multiplier: ofChannels(call, firstChannel, columns),
    },
    ...(call.table && { table: call.table }),
    integers: [
      [record.OP, record.OP_CONVOLUTION],
      ...geometryFields(geometry),
      ...dilationFields(geometry),
      [record.INPUT_ZERO_POINT, call.inputZeroPoint],
      ...requantizationIntegers(call),
      [record.BLOCK_TILES, blockTiles],
      [record.IS_MATRIX, isMatrix ? 1 : 0],
      [record.INPUT_STEP, inputStep],
      [record.OUTPUT_STEP, output.outputStep],
      [record.OUTPUT_ROW, output.outputRow],
      [record.OUTPUT_IMAGE, output.outputImage],
    ],
    singles: lowerSingle(call),
  };
}

function depthwiseStep(call: Conv2dCall): KernelStep {
  const { filterShape, outputShape } = call;
  const [kernelHeight, kernelWidth] = filterShape;
  const geometry = windowGeometry(call, [kernelHeight, kernelWidth], outputShape);
  const depth = kernelHeight * kernelWidth;
  const [, , width, channels] = outputShape;
  const dilations = [geometry.dilationY, geometry.dilationX] as const;
  const span = dilatedWindow([kernelHeight, kernelWidth], dilations);
  const rowBytes = ((width - 1) * geometry.strideX + span[1]) * channels;
  const slotBytes = alignUp(rowBytes, 16) + 16;
  return {
    scratchBytes: span[0] * slotBytes + (depth + 1) * 4 + SLACK_BYTES,
    matrix: {
      filter: call.filter,
      zeroPoint: call.filterZeroPoint,
      depth,
      columns: channels,
      windowHeight: kernelHeight,
    },
    biases: call,
    ...(call.table && { table: call.table }),
    integers: [
      [record.OP, record.OP_DEPTHWISE],
      ...geometryFields(geometry),
      ...dilationFields(geometry),
      [record.INPUT_ZERO_POINT, call.inputZeroPoint],
      ...requantizationIntegers(call),
    ],
    singles: lowerSingle(call),
  };
}

function poolStep(op: number, call: Pool2dCall): KernelStep {
  return {
    scratchBytes: 0,
    integers: [
      [record.OP, op],
      ...geometryFields(windowGeometry(call, call.windowShape, call.outputShape)),
      [record.LOW, call.low],
      [record.HIGH, call.high],
    ],
    singles: [],
  };
}

function concatStep(call: ConcatCall): KernelStep {
  const { positions, outputZeroPoint, output } = call;
  requireInt32Size(positions);
  const wholeByte = { multiplier: 1, outputZeroPoint, low: 0, high: 255 };
  return {
    scratchBytes: 0,
    parts: call,
    integers: [
      [record.OP, record.OP_CONCAT],
      [record.BATCH, positions],
      [record.OUTPUT_CHANNELS, output.length / positions],
      ...requantizationIntegers(wholeByte),
    ],
    singles: requantizationSingles(wholeByte),
  };
}

function additionStep(call: AdditionCall): KernelStep {
  return {
    scratchBytes: 0,
    integers: [
      [record.OP, record.OP_ADD],
      ...elementwiseFields(call),
      [record.FIRST_MULTIPLIER, call.aMultiplier],
      [record.SECOND_MULTIPLIER, call.bMultiplier],
      [record.SHIFT, call.shift],
      [record.OUTPUT_ZERO_POINT, call.outputZeroPoint],
      [record.LOW, call.low],
      [record.HIGH, call.high],
    ],
    singles: [],
  };
}

function multiplyStep(call: MultiplyCall): KernelStep {
  return {
    scratchBytes: 0,
    integers: [
      [record.OP, record.OP_MULTIPLY],
      ...elementwiseFields(call),
      ...requantizationIntegers(call),
    ],
    singles: requantizationSingles(call),
  };
}

function lookupStep({ positions, channels, table }: LookupCall): KernelStep {
  requireInt32Size(positions);
  requireInt32Size(channels);
  return {
    scratchBytes: 0,
    table,
    integers: [
      [record.OP, record.OP_LOOKUP],
      [record.BATCH, positions],
      [record.OUTPUT_CHANNELS, channels],
    ],
    singles: [],
  };
}

function preluStep(call: PreluCall): KernelStep {
  requireInt32Size(call.output.length);
  return {
    scratchBytes: 0,
    table: preluTable(call),
    alpha: call.alpha,
    integers: [
      [record.OP, record.OP_PRELU],
      [record.BATCH, call.rows],
      [record.OUTPUT_CHANNELS, call.alpha.length],
    ],
    singles: [],
  };
}

function rearrangeStep(call: RearrangeCall): KernelStep {
  const { batch, imageBytes, offset, fill, output } = call;
  requireInt32Size(imageBytes);
  requireInt32Size(output.length);
  const loops = (field: number, numbers: readonly number[]): Fields =>
    numbers.map((value, k) => [field + 4 * k, value]);
  return {
    scratchBytes: 0,
    integers: [
      [record.OP, record.OP_REARRANGE],
      [record.BATCH, batch],
      ...loops(record.MAP_SIZES, call.sizes),
      ...loops(record.MAP_STRIDES, call.strides),
      ...loops(record.MAP_BEGINS, call.begins),
      ...loops(record.MAP_ENDS, call.ends),
      [record.MAP_OFFSET, offset],
      [record.FILL, fill],
      [record.IMAGE_BYTES, imageBytes],
    ],
    singles: [],
  };
}

function resizeStep({ inputShape, rows, columns, output }: ResizeCall): KernelStep {
  const [batch, height, width, channels] = inputShape;
  requireInt32Size(output.length);
  return {
    scratchBytes: 0,
    arrays: [
      [record.ROW_TAPS, rows],
      [record.COLUMN_TAPS, columns],
    ],
    integers: [
      [record.OP, record.OP_RESIZE],
      [record.BATCH, batch],
      [record.HEIGHT, height],
      [record.WIDTH, width],
      [record.CHANNELS, channels],
      [record.OUTPUT_HEIGHT, rows.length / TAP_NUMBERS],
      [record.OUTPUT_WIDTH, columns.length / TAP_NUMBERS],
    ],
    singles: [],
  };
}

function extremeStep(op: number, { rows, columns, share }: ExtremeCall): KernelStep {
  requireInt32Size(rows);
  requireInt32Size(columns);
  return {
    scratchBytes: 0,
    integers: [
      [record.OP, op],
      [record.BATCH, rows],
      [record.OUTPUT_CHANNELS, columns],
      [record.SHARE, share],
    ],
    singles: [],
  };
}

function softmaxStep({ positions, channels, powers }: SoftmaxCall): KernelStep {
  requireInt32Size(positions);
  requireInt32Size(channels);
  return {
    scratchBytes: 0,
    arrays: [[record.POWERS, powers]],
    integers: [
      [record.OP, record.OP_SOFTMAX],
      [record.BATCH, positions],
      [record.OUTPUT_CHANNELS, channels],
    ],
    singles: [],
  };
}

function geometryFields(geometry: WindowGeometry): Fields {
  return [
    [record.BATCH, geometry.batch],
    [record.HEIGHT, geometry.height],
    [record.WIDTH, geometry.width],
    [record.CHANNELS, geometry.channels],
    [record.WINDOW_HEIGHT, geometry.windowHeight],
    [record.WINDOW_WIDTH, geometry.windowWidth],
    [record.STRIDE_Y, geometry.strideY],
    [record.STRIDE_X, geometry.strideX],
    [record.PADDING_TOP, geometry.paddingTop],
    [record.PADDING_LEFT, geometry.paddingLeft],
    [record.OUTPUT_HEIGHT, geometry.outputHeight],
    [record.OUTPUT_WIDTH, geometry.outputWidth],
    [record.OUTPUT_CHANNELS, geometry.outputChannels],
  ];
}

function dilationFields({ dilationY, dilationX }: WindowGeometry): Fields {
  return [
    [record.DILATION_Y, dilationY],
    [record.DILATION_X, dilationX],
  ];
}

function elementwiseFields(call: ElementwiseCall): Fields {
  const { rows, columns, share, aZeroPoint, bZeroPoint } = call;
  requireInt32Size(rows);
  requireInt32Size(columns);
  return [
    [record.BATCH, rows],
    [record.OUTPUT_CHANNELS, columns],
    [record.SHARE, share],
    [record.INPUT_ZERO_POINT, aZeroPoint],
    [record.SECOND_ZERO_POINT, bZeroPoint],
  ];
}

function requantizationIntegers({
  outputZeroPoint,
  low,
  high,
}: Omit<Requantization, 'multiplier'>): Fields {
  return [
    [record.OFFSET, outputZeroPoint - ROUNDER_BITS],
    [record.LOW, low],
    [record.HIGH, high],
  ];
}

function requantizationSingles(call: Requantization): Fields {
  return [[record.MULTIPLIER, call.multiplier], ...lowerSingle(call)];
}

function lowerSingle({
  outputZeroPoint,
  low,
}: Pick<Requantization, 'outputZeroPoint' | 'low'>): Fields {
  return [[record.LOWER, low - outputZeroPoint]];
}

/** Writes the step's record, and what it points to beside the filter; returns its address. */
export function writeStep(arena: Arena, step: KernelStep, placement: Placement): number {
  const { inputs, output, filter } = placement;
  const { slices } = step;
  const pointers: Fields =
    slices === undefined
      ? pointersOf(arena, step, placement)
      : [[record.SLICES, writeSlices(arena, slices, inputs[0], output, filter?.slices ?? [])]];
  const address = arena.allocate(record.STEP_BYTES);
  writeRecord(arena, address, step, pointers);
  return address;
}

/** Writes the records of a step's convolutions, one after another; returns the first's address. */
function writeSlices(
  arena: Arena,
  slices: readonly SliceStep[],
  input: number,
  output: number,
  filters: readonly PackedFilter[],
): number {
  const pointers = slices.map((slice, i) =>
    pointersOf(arena, slice, {
      inputs: [input + slice.place.inputOffset],
      output: output + slice.place.outputOffset,
      filter: filters[i],
    }),
  );
  const address = arena.allocate(slices.length * record.STEP_BYTES);
  for (const [i, slice] of slices.entries()) {
    writeRecord(arena, address + i * record.STEP_BYTES, slice, pointers[i]);
  }
  return address;
}

function writeRecord(
  { int32s, singles }: Arena,
  address: number,
  step: KernelStep,
  pointers: Fields,
): void {
  int32s.fill(0, address / 4, (address + record.STEP_BYTES) / 4);
  for (const [offset, value] of [...step.integers, ...pointers]) {
    int32s[(address + offset) / 4] = value;
  }
  for (const [offset, value] of step.singles) singles[(address + offset) / 4] = value;
}

/** Writes what a step points to beside the filter. */
function pointersOf(arena: Arena, step: KernelStep, { inputs, output, filter }: Placement): Fields {
  return [
    ...(step.parts
      ? ([
          [record.INPUTS, writeParts(arena, step.parts, inputs)],
          [record.INPUT_COUNT, inputs.length],
        ] as const)
      : ([[record.INPUT, inputs[0]]] as const)),
    ...(step.parts === undefined && inputs.length === 2
      ? ([[record.SECOND, inputs[1]]] as const)
      : []),
    ...(filter && step.biases
      ? ([
          [record.FILTER, filter.address],
          [record.BIAS, writeBias(arena, step.biases, filter)],
          [record.PAIRS, filter.pairs],
        ] as const)
      : []),
    ...(step.table
      ? ([
          [step.matrix ? record.FUSED_TABLE : record.TABLE, writeBytes(arena, step.table)],
        ] as const)
      : []),
    ...(step.arrays ?? []).map(
      ([field, numbers]) => [field, writeNumbers(arena, numbers)] as const,
    ),
    ...(step.alpha ? ([[record.ALPHA, writeBytes(arena, step.alpha)]] as const) : []),
    [record.OUTPUT, output],
  ];
}

/**
 * [⌈columns / 8⌉, 2, 8]: int32 biases and f32 multipliers. The biases are bias − zx · Σ (wq − wz), so that the
 * kernels multiply xq itself: bias + Σ (xq − zx)(wq − wz) = (bias − zx Σ (wq − wz)) + Σ xq (wq − wz)
 * (eq. 4). The sums wrap modulo 2³², which leaves the accumulator as it is.
 */
function writeBias(
  arena: Arena,
  { bias, inputZeroPoint, multiplier }: NonNullable<KernelStep['biases']>,
  { sums }: PackedFilter,
): number {
  const multipliers = multipliersOf({ multiplier }, sums.length);
  const numbers = Math.ceil(sums.length / LANES) * 2 * LANES;
  const address = arena.allocate(4 * numbers);
  const { int32s, singles } = arena;
  int32s.fill(0, address / 4, address / 4 + numbers);
  for (const [m, sum] of sums.entries()) {
    const at = address / 4 + Math.floor(m / LANES) * 2 * LANES + (m % LANES);
    int32s[at] = bias[m] - Math.imul(inputZeroPoint, sum);
    singles[at + LANES] = multipliers[m];
  }
  return address;
}

function writeBytes(arena: Arena, bytes: Uint8Array): number {
  const address = arena.allocate(bytes.length);
  arena.bytes.set(bytes, address);
  return address;
}

function writeNumbers(arena: Arena, numbers: Int32Array | Float32Array): number {
  const address = arena.allocate(numbers.byteLength);
  const to = numbers instanceof Int32Array ? arena.int32s : arena.singles;
  to.set(numbers, address / 4);
  return address;
}

function writeParts(
  arena: Arena,
  { inputs: parts, outputZeroPoint }: NonNullable<KernelStep['parts']>,
  inputs: readonly number[],
): number {
  const address = arena.allocate(parts.length * record.PART_BYTES);
  const { int32s, singles } = arena;
  for (const [i, { channels, zeroPoint, multiplier }] of parts.entries()) {
    const at = address + i * record.PART_BYTES;
    // q − z + z = q: the same parameters keep every byte.
    const isCopy = multiplier === 1 && zeroPoint === outputZeroPoint;
    int32s[(at + record.PART_DATA) / 4] = inputs[i];
    int32s[(at + record.PART_CHANNELS) / 4] = channels;
    int32s[(at + record.PART_ZERO_POINT) / 4] = zeroPoint;
    singles[(at + record.PART_MULTIPLIER) / 4] = multiplier;
    int32s[(at + record.PART_IS_COPY) / 4] = isCopy ? 1 : 0;
  }
  return address;
}
