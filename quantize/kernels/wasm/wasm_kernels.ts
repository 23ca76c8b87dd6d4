import { inputsOf, type KernelCall } from '../../ops/table.ts';
import { DEFAULT_ROUNDING } from '../../params/roundings.ts';
import type { CompiledProgram, Kernels, Program } from '../kernels.ts';
import { compileProgram } from '../program.ts';
import { REFERENCE_KERNELS } from '../reference.ts';
import { Arena } from './arena.ts';
import { FilterCache } from './filter_cache.ts';
import { prepareStep, writeStep } from './step.ts';
import type { WasmThreads } from './team.ts';
import type { SingleThreadExports } from './wasm_exports.ts';
import { compileSingle, compileThreaded } from './wasm_program.ts';
import { compile, instantiate, type WasmModule, type WasmSource } from './webassembly.ts';

export interface WasmKernelsOptions {
  /** Bound of the memory of the kernels, and of each program; 2 GiB, which is the most, unless given. */
  readonly maximumBytes?: number;
  /** Bound of the packed filters of single calls, two bytes a weight; 256 MiB unless given. */
  readonly filterCacheBytes?: number;
  /** For programs on several threads; without, programs run on the caller's. */
  readonly threading?: WasmThreads;
  /** `Kernels.limitation` of these. */
  readonly limitation?: string;
}

/** Turns of the loop that measures: some 10 ms. */
const PEAK_TURNS = 4_000_000;

/** Multiply-accumulates of a turn: assembly/peak.ts. */
const PEAK_MACS = 96;

/**
 * The WASM SIMD tier, with an instance and a memory of its own: one for each thread. Compiles
 * synchronously when given bytes; throws the engine's errors where WebAssembly SIMD is missing.
 * Filters of single calls are packed once and known by identity (see `FilterCache`); a program has
 * a memory of its own, in which the whole network stays.
 * @param source kernels.wasm
 */
export function createWasmKernels(source: WasmSource, options: WasmKernelsOptions = {}): Kernels {
  return new WasmKernels(compile(source), options);
}

/** Whether a call is rounded by integers (eq. 16), which is left to the reference. */
function isByIntegers({ call }: KernelCall): boolean {
  return 'rounding' in call && call.rounding !== DEFAULT_ROUNDING;
}

class WasmKernels implements Kernels {
  readonly tier = 'wasm';
  readonly limitation?: string;
  private readonly module: WasmModule;
  private readonly wasm: SingleThreadExports;
  private readonly arena: Arena;
  private readonly filters: FilterCache;
  private readonly maximumBytes: number;
  private readonly threading: WasmThreads | undefined;

  constructor(module: WasmModule, options: WasmKernelsOptions) {
    this.module = module;
    this.wasm = instantiate(module) as SingleThreadExports;
    this.maximumBytes = options.maximumBytes ?? 2 ** 31;
    this.arena = new Arena(this.wasm.memory, this.wasm.heapBase(), this.maximumBytes);
    this.filters = new FilterCache(this.arena, options.filterCacheBytes ?? 2 ** 28);
    this.threading = options.threading;
    if (options.limitation !== undefined) this.limitation = options.limitation;
  }

  compile(program: Program, options: { readonly threads: number }): CompiledProgram {
    if (program.calls.some(isByIntegers)) {
      return compileProgram({ tier: this.tier, run: (call) => this.run(call) }, program, options);
    }
    const threading = this.threading;
    const threads = threading ? Math.min(options.threads, 1 + threading.available()) : 1;
    const maximumBytes = this.maximumBytes;
    if (threading === undefined || threads === 1) {
      return compileSingle(this.module, program, maximumBytes);
    }
    return compileThreaded(threading, program, { threads, maximumBytes });
  }

  measurePeak(): number {
    this.wasm.multiplyInRegisters(PEAK_TURNS / 10); // lets the engine optimize
    let fastestMs = Infinity;
    for (let i = 0; i < 3; i++) {
      const start = performance.now();
      this.wasm.multiplyInRegisters(PEAK_TURNS);
      fastestMs = Math.min(fastestMs, performance.now() - start);
    }
    return (PEAK_TURNS * PEAK_MACS * 1000) / fastestMs;
  }

  /** One call: its tensors are copied into memory and back. */
  run(kernelCall: KernelCall): void {
    if (isByIntegers(kernelCall)) {
      REFERENCE_KERNELS.run(kernelCall);
      return;
    }
    const step = prepareStep(kernelCall);
    const arena = this.arena;
    arena.beginCall();
    const filter = step.matrix && this.filters.packed(step.matrix);
    const tensors = inputsOf(kernelCall);
    const inputs = tensors.map((tensor) => arena.allocate(tensor.length));
    const { output } = kernelCall.call;
    const to = arena.allocate(output.length);
    const address = writeStep(arena, step, { inputs, output: to, ...(filter && { filter }) });
    const scratch = arena.allocate(step.scratchBytes);
    for (const [i, tensor] of tensors.entries()) arena.bytes.set(tensor, inputs[i]);
    this.wasm.runStep(address, 0, 0, 1, scratch);
    output.set(arena.bytes.subarray(to, to + output.length));
  }
}
