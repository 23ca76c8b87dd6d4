import type { ConcatCall } from '../../ops/concat.ts';
import type { Conv2dCall } from '../../ops/conv2d.ts';
import type { Pool2dCall } from '../../ops/pool2d.ts';
import type { Requantization } from '../../ops/requantization.ts';
import { type CallTable, checkCall, type KernelCall, ofCall } from '../../ops/table.ts';
import { alignUp } from '../../params/align_up.ts';
import { BYTE_MAX } from '../../params/quantization.ts';
import { asConvolution, asPool, requireInt32Size, windowGeometry } from '../canonical_call.ts';
import type { Arena } from './arena.ts';
import { type FilterMatrix, LANES, type PackedFilter } from './pack_filter.ts';

// What assembly/records.ts calls the ops.
const CONVOLUTION = 0;
const DEPTHWISE = 1;
const AVERAGE_POOL = 2;
const MAX_POOL = 3;
const CONCAT = 4;

/** Bytes of a step's record, fields of 4 bytes in the order of assembly/records.ts. */
const STEP_BYTES = 128;
const PART_BYTES = 20;

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

/** A checked call as the kernels take it; all but where its tensors and weights lie. */
export interface KernelStep {
  /** What a thread needs of scratch. */
  readonly scratchBytes: number;
  /** The filter that is to be packed, of a convolution. */
  readonly matrix?: FilterMatrix;
  readonly op: number;
  /** N, H, W, C, kh, kw, strides, padding, H', W', M */
  readonly geometry: readonly number[];
  readonly inputZeroPoint: number;
  readonly requantization: Requantization;
  readonly bias?: Int32Array;
  readonly blockTiles: number;
  readonly isMatrix: boolean;
  /** Of a concatenation. */
  readonly parts?: ConcatCall['inputs'];
}

/** Where a step's tensors and weights lie. */
export interface Placement {
  /** Offsets from the arena. */
  readonly inputs: readonly number[];
  readonly output: number;
  readonly filter?: PackedFilter;
}

const STEPS: CallTable<KernelStep> = {
  conv2d: convolutionStep,
  depthwiseConv2d: depthwiseStep,
  fullyConnected: (call) => convolutionStep(asConvolution(call)),
  averagePool2d: (call) => poolStep(AVERAGE_POOL, call),
  maxPool2d: (call) => poolStep(MAX_POOL, call),
  globalAveragePool: (call) => poolStep(AVERAGE_POOL, asPool(call)),
  concat: concatStep,
};

/** @throws QuantizationError when the call is not legal */
export function prepareStep(kernelCall: KernelCall): KernelStep {
  checkCall(kernelCall);
  return ofCall(STEPS, kernelCall);
}

function convolutionStep(call: Conv2dCall): KernelStep {
  const { inputShape, filterShape, strides, padding, outputShape } = call;
  const [kernelHeight, kernelWidth, channels, columns] = filterShape;
  const depth = kernelHeight * kernelWidth * channels;
  const windowShape = [kernelHeight, kernelWidth] as const;
  const geometry = windowGeometry(inputShape, windowShape, strides, padding, outputShape);
  const [strideY, strideX, top, left] = geometry.slice(6);
  // A 1 × 1 window that leaves out no position: the image is the im2col matrix.
  const isMatrix =
    depth === channels &&
    outputShape[1] === inputShape[1] &&
    outputShape[2] === inputShape[2] &&
    strideY === 1 &&
    strideX === 1 &&
    top === 0 &&
    left === 0;
  const tiles = Math.ceil(call.output.length / columns / TILE_ROWS);
  const tileBytes = Math.ceil(depth / 2) * PAIR_BYTES;
  const blockTiles = Math.min(tiles, Math.max(1, Math.floor(BLOCK_BYTES / tileBytes)));
  const gatheredBytes = isMatrix ? 0 : TILE_ROWS * (alignUp(depth, 16) + 16);
  return {
    op: CONVOLUTION,
    geometry,
    scratchBytes: ACCUMULATOR_BYTES + gatheredBytes + blockTiles * tileBytes + SLACK_BYTES,
    matrix: { filter: call.filter, zeroPoint: call.filterZeroPoint, depth, columns },
    bias: call.bias,
    inputZeroPoint: call.inputZeroPoint,
    requantization: call,
    blockTiles,
    isMatrix,
  };
}

function depthwiseStep(call: Conv2dCall): KernelStep {
  const { inputShape, filterShape, strides, padding, outputShape } = call;
  const [kernelHeight, kernelWidth] = filterShape;
  const windowShape = [kernelHeight, kernelWidth] as const;
  const geometry = windowGeometry(inputShape, windowShape, strides, padding, outputShape);
  const depth = kernelHeight * kernelWidth;
  const [, , width, channels] = outputShape;
  const strideX = geometry[7];
  const slotBytes = alignUp(((width - 1) * strideX + kernelWidth) * channels, 16) + 16;
  return {
    op: DEPTHWISE,
    geometry,
    scratchBytes: kernelHeight * slotBytes + (depth + 1) * 4 + SLACK_BYTES,
    matrix: { filter: call.filter, zeroPoint: call.filterZeroPoint, depth, columns: channels },
    bias: call.bias,
    inputZeroPoint: call.inputZeroPoint,
    requantization: call,
    blockTiles: 0,
    isMatrix: false,
  };
}

function poolStep(op: number, call: Pool2dCall): KernelStep {
  const { inputShape, windowShape, strides, padding, outputShape, low, high } = call;
  return {
    op,
    geometry: windowGeometry(inputShape, windowShape, strides, padding, outputShape),
    scratchBytes: 0,
    inputZeroPoint: 0,
    requantization: { multiplier: 1, outputZeroPoint: 0, low, high },
    blockTiles: 0,
    isMatrix: false,
  };
}

function concatStep({ inputs, positions, outputZeroPoint, output }: ConcatCall): KernelStep {
  requireInt32Size(positions);
  const geometry = new Array<number>(13).fill(0);
  geometry[0] = positions;
  geometry[12] = output.length / positions;
  return {
    op: CONCAT,
    geometry,
    scratchBytes: 0,
    inputZeroPoint: 0,
    requantization: { multiplier: 1, outputZeroPoint, low: 0, high: BYTE_MAX },
    blockTiles: 0,
    isMatrix: false,
    parts: inputs,
  };
}

/** Writes the step's record, and what it points to beside the filter; returns its address. */
export function writeStep(
  arena: Arena,
  step: KernelStep,
  { inputs, output, filter }: Placement,
): number {
  const { geometry, requantization, parts } = step;
  const [first, second] = parts
    ? [writeParts(arena, parts, inputs, requantization.outputZeroPoint), parts.length]
    : [filter?.address ?? 0, filter ? writeBias(arena, step, filter) : 0];
  const address = arena.allocate(STEP_BYTES);
  const { int32s, singles } = arena;
  const { multiplier, outputZeroPoint, low, high } = requantization;
  const at = address / 4;
  int32s.set([step.op, parts ? 0 : inputs[0], output, ...geometry, step.inputZeroPoint], at);
  singles.set([multiplier, low - outputZeroPoint, high - outputZeroPoint], at + 17);
  int32s.set([outputZeroPoint - ROUNDER_BITS, low, high, first, second], at + 20);
  int32s.set([filter?.pairs ?? 0, step.blockTiles, step.isMatrix ? 1 : 0], at + 25);
  return address;
}

/**
 * [⌈columns / 8⌉ · 8] int32: bias − zx · Σ (wq − wz), so that the kernels multiply xq itself:
 * bias + Σ (xq − zx)(wq − wz) = (bias − zx Σ (wq − wz)) + Σ xq (wq − wz) (eq. 4). The
 * sums wrap modulo 2³², which leaves the accumulator as it is.
 */
function writeBias(arena: Arena, step: KernelStep, { sums }: PackedFilter): number {
  const { bias, inputZeroPoint } = step;
  const padded = new Int32Array(Math.ceil(sums.length / LANES) * LANES);
  for (const [m, sum] of sums.entries()) padded[m] = bias![m] - Math.imul(inputZeroPoint, sum);
  const address = arena.allocate(padded.byteLength);
  arena.int32s.set(padded, address / 4);
  return address;
}

function writeParts(
  arena: Arena,
  parts: ConcatCall['inputs'],
  inputs: readonly number[],
  outputZeroPoint: number,
): number {
  const address = arena.allocate(parts.length * PART_BYTES);
  const { int32s, singles } = arena;
  for (const [i, { channels, zeroPoint, multiplier }] of parts.entries()) {
    const at = (address + i * PART_BYTES) / 4;
    // q − z + z = q: the same parameters keep every byte.
    const isCopy = multiplier === 1 && zeroPoint === outputZeroPoint;
    int32s.set([inputs[i], channels, zeroPoint, 0, isCopy ? 1 : 0], at);
    singles[at + 3] = multiplier;
  }
  return address;
}
