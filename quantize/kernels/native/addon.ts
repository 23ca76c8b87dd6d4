/**
 * What kernels.node exports (source/addon.c). Opaque handles are freed by `close`, else with their
 * JavaScript object.
 */

import type { WindowGeometry } from '../canonical_call.ts';

declare const OP: unique symbol;
declare const PROGRAM: unique symbol;

/** A prepared call: geometry and packed weights. */
export interface NativeOp {
  readonly [OP]: never;
}

/** A prepared network with its threads and arenas. */
export interface NativeProgram {
  readonly [PROGRAM]: never;
}

/** Instruction sets, the slowest of a processor family first; the index is the addon's number. */
export const INSTRUCTION_SETS = ['scalar', 'avx2', 'avxvnni', 'avx512vnni', 'neondot'] as const;

export type InstructionSet = (typeof INSTRUCTION_SETS)[number];

/** What op.h's Windowed is filled with, by name. */
export interface WindowFields extends WindowGeometry {
  readonly inputZeroPoint: number;
  readonly filterZeroPoint: number;
  readonly outputZeroPoint: number;
  readonly low: number;
  readonly high: number;
}

/** What elementwise.h's Elementwise is filled with, by name. */
export type ElementwiseField =
  | 'rows'
  | 'columns'
  | 'share'
  | 'aZeroPoint'
  | 'bZeroPoint'
  | 'aMultiplier'
  | 'bMultiplier'
  | 'shift'
  | 'outputZeroPoint'
  | 'low'
  | 'high'
  | 'rounding'
  | 'mantissa'
  | 'exponent';

export interface NativeAddon {
  /** What this processor and operating system run, the slowest first. */
  supportedIsas(): InstructionSet[];
  /**
   * @param rounding the number in op.h's Rounding
   * @param factors mantissa and exponent for each channel, of a rounding by integers; else empty
   */
  createOp(
    kind: number,
    instructionSet: number,
    fields: WindowFields,
    filter: Uint8Array,
    bias: Int32Array,
    multipliers: Float32Array,
    rounding: number,
    factors: Int32Array,
  ): NativeOp;
  /** @param tables [inputs, 256], the output byte of each input byte */
  createConcat(positions: number, channels: Int32Array, tables: Uint8Array): NativeOp;
  /** Of op.h's kinds of two tensors: `fields` by name; those that the kind does not have are left as they are. */
  createElementwise(
    kind: number,
    instructionSet: number,
    multiplier: number,
    fields: Readonly<Record<ElementwiseField, number>>,
  ): NativeOp;
  /** @param table [256] */
  createLookup(positions: number, channels: number, table: Uint8Array): NativeOp;
  /** @param map five sizes, strides, begins and ends of loops over the output, and the offset */
  createRearrangement(batch: number, imageBytes: number, map: Int32Array, fill: number): NativeOp;
  /**
   * @param shape of the input [N, H, W, C]
   * @param rows three numbers a row of the output: two rows of the input and a weight; `columns` likewise
   */
  createResize(
    instructionSet: number,
    shape: Int32Array,
    rows: Int32Array,
    columns: Int32Array,
  ): NativeOp;
  /** @param powers [256] */
  createSoftmax(positions: number, channels: number, powers: Float32Array): NativeOp;
  /** What becomes of each byte of a convolution: a table [256]. */
  setTable(op: NativeOp, table: Uint8Array): void;
  /** @param alpha a slope each for the bytes of a row; table: [256, 256], by the slope's and the input's byte */
  createPrelu(rows: number, alpha: Uint8Array, table: Uint8Array): NativeOp;
  /**
   * Convolutions of parts of one input into parts of one output, which run as one op from then on.
   * @param places four numbers each: `SlicePlace`, in its order
   */
  createSliced(
    ops: readonly NativeOp[],
    places: Int32Array,
    whole: Pick<
      WindowGeometry,
      'batch' | 'height' | 'width' | 'channels' | 'outputHeight' | 'outputWidth' | 'outputChannels'
    >,
  ): NativeOp;
  runOp(op: NativeOp, inputs: readonly Uint8Array[], output: Uint8Array): void;
  /** Slots are pairs (offset, length): of each op its inputs and its output. */
  createProgram(
    ops: readonly NativeOp[],
    slots: Float64Array,
    arenaBytes: number,
    input: Float64Array,
    outputs: Float64Array,
    threads: number,
  ): NativeProgram;
  runProgram(
    program: NativeProgram,
    images: Uint8Array,
    batch: number,
    outputs: readonly Uint8Array[],
  ): void;
  /** One image on the caller's thread; `milliseconds` [ops] float64 is written. */
  profileProgram(program: NativeProgram, image: Uint8Array, milliseconds: Float64Array): void;
  /** Frees a program and its threads, or an op that no program holds; twice is harmless. */
  close(handle: NativeOp | NativeProgram): void;
  /** Multiply-accumulates a second, in registers. */
  measurePeak(instructionSet: number): number;
  /** False where a value is NaN. */
  quantize(real: Float32Array, scale: number, zeroPoint: number, output: Uint8Array): boolean;
}
