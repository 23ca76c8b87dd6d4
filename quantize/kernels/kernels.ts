/**
 * The one signature that every kernel tier has. Tensors are dense, row-major NHWC; a kernel reads
 * its inputs, writes every element of `output` and keeps nothing. Each method throws a
 * QuantizationError when an array's length does not match its shape (see `check_call.ts`), so no tier reads or
 * writes out of bounds. Equations have the numbers of quantize/params/README.md.
 */
import type { QuantizationParams } from '../params/quantization.ts';
import type { Padding } from '../params/window.ts';

/** [batch, height, width, channels]. */
export type Shape4 = readonly [number, number, number, number];

/** eq. 5: from the int32 accumulator to the output byte. */
export interface Requantization {
  /** f32(f32(scaleIn · scaleWeight) / scaleOut), a single-precision number > 0. */
  readonly multiplier: number;
  readonly outputZeroPoint: number;
  /** Bounds of the output byte: [0, 255], or narrower for ReLU and ReLU6. */
  readonly low: number;
  readonly high: number;
}

export interface Conv2dCall extends Requantization {
  /** [N, H, W, C] uint8 */
  readonly input: Uint8Array;
  readonly inputShape: Shape4;
  readonly inputZeroPoint: number;
  /** [kh, kw, C, M] uint8 */
  readonly filter: Uint8Array;
  readonly filterShape: Shape4;
  readonly filterZeroPoint: number;
  /** [M] int32, at scaleIn · scaleWeight, zero point 0 */
  readonly bias: Int32Array;
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  /** [N, H', W', M] uint8, H' = ⌊(H + top + bottom − kh) / stride⌋ + 1 */
  readonly output: Uint8Array;
  readonly outputShape: Shape4;
}

/** The same fields; filter: [kh, kw, C, depthMultiplier], output channels C · depthMultiplier. */
export type DepthwiseConv2dCall = Conv2dCall;

export interface FullyConnectedCall extends Requantization {
  /** [N, K] uint8 */
  readonly input: Uint8Array;
  readonly batch: number;
  readonly inputDepth: number;
  readonly inputZeroPoint: number;
  /** [K, M] uint8 */
  readonly filter: Uint8Array;
  readonly filterZeroPoint: number;
  /** [M] int32 */
  readonly bias: Int32Array;
  /** [N, M] uint8 */
  readonly output: Uint8Array;
  readonly outputDepth: number;
}

/** Pooling keeps scale and zero point (eq. 6). Padded positions take no part. */
export interface Pool2dCall {
  /** [N, H, W, C] uint8 */
  readonly input: Uint8Array;
  readonly inputShape: Shape4;
  readonly windowShape: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly low: number;
  readonly high: number;
  /** [N, H', W', C] uint8 */
  readonly output: Uint8Array;
  readonly outputShape: Shape4;
}

export interface GlobalAveragePoolCall {
  /** [N, H, W, C] uint8 */
  readonly input: Uint8Array;
  readonly inputShape: Shape4;
  /** [N, C] uint8 */
  readonly output: Uint8Array;
}

/** Joins along the channels; each input is requantized to the output's parameters (eq. 5). */
export interface ConcatCall {
  readonly inputs: readonly {
    /** [N, H, W, Ci] uint8 */
    readonly data: Uint8Array;
    readonly channels: number;
    readonly zeroPoint: number;
    /** f32(scaleIn / scaleOut) */
    readonly multiplier: number;
  }[];
  /** N · H · W */
  readonly positions: number;
  readonly outputZeroPoint: number;
  /** [N, H, W, Σ Ci] uint8 */
  readonly output: Uint8Array;
}

/** A call of one kernel, as data. */
export type KernelCall =
  | { readonly op: 'conv2d'; readonly call: Conv2dCall }
  | { readonly op: 'depthwiseConv2d'; readonly call: DepthwiseConv2dCall }
  | { readonly op: 'fullyConnected'; readonly call: FullyConnectedCall }
  | { readonly op: 'averagePool2d'; readonly call: Pool2dCall }
  | { readonly op: 'maxPool2d'; readonly call: Pool2dCall }
  | { readonly op: 'globalAveragePool'; readonly call: GlobalAveragePoolCall }
  | { readonly op: 'concat'; readonly call: ConcatCall };

/**
 * Kernel calls that make a network of one image, in execution order. Their tensors, `input` and
 * `outputs` are views of `arena`, where views share bytes that are not needed at the same time; the
 * weights are not. A tier may run the calls on memory of its own that is laid out like `arena`.
 */
export interface Program {
  readonly calls: readonly KernelCall[];
  readonly arena: Uint8Array;
  readonly input: Uint8Array;
  readonly outputs: readonly Uint8Array[];
}

/** A program that a tier has made ready to run. */
export interface CompiledProgram {
  /** Threads that a run uses. */
  readonly threads: number;
  /**
   * Runs the program for each image of a batch.
   * @param images [batch, input.length] uint8
   * @param results for each output of the program [batch, output.length] uint8, which is written
   */
  run(images: Uint8Array, batch: number, results: readonly Uint8Array[]): void;
  /**
   * Milliseconds that each call of the program takes, in order, for one image on one thread.
   * @param image [input.length] uint8
   */
  profile(image: Uint8Array): Float64Array;
  /**
   * Ends the threads and frees the memory now rather than at garbage collection; closing twice is
   * harmless. `run` and `profile` then throw a QuantizationError.
   */
  close(): void;
}

/** How kernels are made: plain TypeScript, WebAssembly SIMD, or C for the processor's instructions. */
export type TierName = 'reference' | 'wasm' | 'native';

/** The kernels of a tier. */
export interface Kernels {
  readonly tier: TierName;
  /** Which of the tier's instruction sets it is, where it has several. */
  readonly instructionSet?: string;
  /** What they lack of what the tier has: "runs on one thread: …". */
  readonly limitation?: string;
  /** Each window times each filter (eq. 4), requantized (eq. 5). */
  conv2d(call: Conv2dCall): void;
  /** Each channel's windows times its own filters (eq. 4), requantized (eq. 5). */
  depthwiseConv2d(call: DepthwiseConv2dCall): void;
  /** Each row times the filter (eq. 4), requantized (eq. 5). */
  fullyConnected(call: FullyConnectedCall): void;
  /** The rounded mean of each window (eq. 6). */
  averagePool2d(call: Pool2dCall): void;
  /** The largest byte of each window (eq. 6). */
  maxPool2d(call: Pool2dCall): void;
  /** The rounded mean of each channel (eq. 6). */
  globalAveragePool(call: GlobalAveragePoolCall): void;
  /** Tensors side by side, each requantized to the output (eq. 5). */
  concat(call: ConcatCall): void;
  /** `quantizeArray` by the tier's own way, into `output`; throws as it does. */
  quantize?(real: Float32Array, params: QuantizationParams, output: Uint8Array): void;
  /** Prepares a whole network; absent where calling kernel by kernel loses nothing. */
  compile?(program: Program, options: { readonly threads: number }): CompiledProgram;
  /**
   * Multiply-accumulates a second that the instruction of the matrix product reaches on this
   * processor, one thread, with all operands in registers: what no kernel can exceed. Takes some
   * tens of milliseconds.
   */
  measurePeak?(): number;
}
