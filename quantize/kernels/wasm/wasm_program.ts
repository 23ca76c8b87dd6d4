import { expected } from '../../params/errors.ts';
import type { CompiledProgram, Program } from '../kernels.ts';
import { requireOpen } from '../program.ts';
import { Arena } from './arena.ts';
import { type PlacedProgram, placeProgram } from './program_memory.ts';
import { startTeam, type Team, threadImports, type WasmThreads } from './team.ts';
import type { SingleThreadExports, ThreadedExports, WasmExports } from './wasm_exports.ts';
import { compile, instantiate, sharedMemory, type WasmModule } from './webassembly.ts';

/** A program of one thread, on an instance of its own. */
export function compileSingle(
  module: WasmModule,
  program: Program,
  maximumBytes: number,
): CompiledProgram {
  const wasm = instantiate(module) as SingleThreadExports;
  const memory = new Arena(wasm.memory, wasm.heapBase(), maximumBytes);
  const placed = placeProgram(memory, program, 1);
  return new WasmProgram(wasm, memory, placed);
}

/** A program over shared memory, its threads started. */
export function compileThreaded(
  threading: WasmThreads,
  program: Program,
  { threads, maximumBytes }: { readonly threads: number; readonly maximumBytes: number },
): CompiledProgram {
  const module = compile(threading.module);
  const shared = sharedMemory(maximumBytes);
  let team: Team | undefined;
  const imports = threadImports(shared, threading.callerSleeps, () => team?.check());
  const wasm = instantiate(module, imports) as ThreadedExports;
  const memory = new Arena(shared, wasm.heapBase(), maximumBytes);
  const placed = placeProgram(memory, program, threads);
  const task = { module, memory: shared, program: placed.address };
  team = startTeam(threading, wasm, task, threads);
  const compiled = new WasmProgram(wasm, memory, placed, team);
  // Threads hold the memory, not the program: they end when it is dropped.
  DROPPED.register(compiled, team, compiled);
  return compiled;
}

const DROPPED = new FinalizationRegistry<Team>((team) => team.stop());

class WasmProgram implements CompiledProgram {
  readonly threads: number;
  private readonly wasm: WasmExports;
  private readonly placed: PlacedProgram;
  private readonly team: Team | undefined;
  /** All of memory; undefined once closed. */
  private bytes: Uint8Array | undefined;

  constructor(wasm: WasmExports, memory: Arena, placed: PlacedProgram, team?: Team) {
    this.wasm = wasm;
    this.placed = placed;
    this.team = team;
    this.bytes = memory.bytes;
    this.threads = team?.threads ?? 1;
  }

  run(images: Uint8Array, batch: number, results: readonly Uint8Array[]): void {
    const bytes = this.open();
    const { input, outputs } = this.placed;
    requireLength('images', images, batch * input.length);
    requireLength('results', results, outputs.length);
    for (const [i, output] of outputs.entries()) {
      requireLength(`results[${i}]`, results[i], batch * output.length);
    }
    const team = this.team;
    let image = 0;
    // An image for each thread as long as there are so many; then all threads on each image.
    for (; team && image + team.threads <= batch; image += team.threads) {
      for (let t = 0; t < team.threads; t++) this.write(bytes, t, images, image + t);
      team.run(false);
      for (let t = 0; t < team.threads; t++) this.read(bytes, t, results, image + t);
    }
    for (; image < batch; image++) {
      this.write(bytes, 0, images, image);
      if (team) team.run(true);
      else this.wasm.runImage(this.placed.address, 0);
      this.read(bytes, 0, results, image);
    }
  }

  profile(image: Uint8Array): Float64Array {
    const bytes = this.open();
    const { steps, arenas, scratch, input } = this.placed;
    requireLength('image', image, input.length);
    this.write(bytes, 0, image, 0);
    return Float64Array.from(steps, (step) => {
      const start = performance.now();
      this.wasm.runStep(step, arenas[0], 0, 1, scratch);
      return performance.now() - start;
    });
  }

  close(): void {
    this.bytes = undefined;
    DROPPED.unregister(this);
    this.team?.stop();
  }

  private open(): Uint8Array {
    requireOpen(this.bytes !== undefined);
    return this.bytes!;
  }

  private write(bytes: Uint8Array, thread: number, images: Uint8Array, image: number): void {
    const { arenas, input } = this.placed;
    const from = image * input.length;
    bytes.set(images.subarray(from, from + input.length), arenas[thread] + input.offset);
  }

  private read(
    bytes: Uint8Array,
    thread: number,
    results: readonly Uint8Array[],
    image: number,
  ): void {
    const { arenas, outputs } = this.placed;
    for (const [i, { offset, length }] of outputs.entries()) {
      const from = arenas[thread] + offset;
      results[i].set(bytes.subarray(from, from + length), image * length);
    }
  }
}

function requireLength(name: string, array: ArrayLike<unknown>, length: number): void {
  if (array.length !== length) throw expected(`length ${length}`, name, array.length);
}
