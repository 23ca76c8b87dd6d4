import type { WasmMemory } from './webassembly.ts';

/** What assembly/index.ts exports; addresses in bytes. */
export interface WasmExports {
  heapBase(): number;
  runStep(step: number, arena: number, thread: number, threads: number, scratch: number): void;
  runImage(program: number, thread: number): void;
  multiplyInRegisters(turns: number): number;
}

/** assembly/index.ts with a memory of its own. */
export interface SingleThreadExports extends WasmExports {
  readonly memory: WasmMemory;
}

/** What assembly/threads.ts exports: `index.ts` over an imported shared memory, and threads. */
export interface ThreadedExports extends WasmExports {
  work(program: number, thread: number): void;
  runJob(program: number, isSplit: number): void;
  stop(program: number): void;
}
