/** What a kernel tier is. Tensors are dense, row-major NHWC. */
import type { KernelCall } from '../ops/table.ts';
import type { QuantizationParams } from '../params/quantization.ts';

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
  /**
   * Makes a call: reads its inputs, writes every element of its output and keeps nothing.
   * @throws QuantizationError for an illegal one (`checkCall`), so no tier reads or writes out of bounds
   */
  run(call: KernelCall): void;
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
