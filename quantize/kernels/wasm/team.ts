import { QuantizationError } from '../../params/errors.ts';
import type { ThreadedExports } from './wasm_exports.ts';
import type { WasmMemory, WasmModule, WasmSource } from './webassembly.ts';

/** What a worker needs to join a program; all of it may be sent to another thread. */
export interface ThreadTask {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** Address of the program's record. */
  readonly program: number;
  /** 1, 2, …: the caller is 0. */
  readonly thread: number;
}

/** How threads are had here: `nodeThreads`, or `startWebThreads` in a browser. */
export interface WasmThreads {
  /** The build for shared memory, kernels_threads.wasm. */
  readonly module: WasmSource;
  /** Whether the caller's thread may sleep in `Atomics.wait`: a browser's main thread may not. */
  readonly callerSleeps: boolean;
  /** How long all workers of a program may take to start; 30 s unless given. */
  readonly startMs?: number;
  /** Workers that can be started now. */
  available(): number;
  /**
   * Has a worker do `joinProgram`, while the caller's thread goes on or waits. What it returns is
   * called once the worker was told to stop.
   */
  start(task: ThreadTask): () => void;
}

/**
 * What a worker does with a ThreadTask, as JavaScript: it must start alike from TypeScript's sources,
 * from compiled ones and in a browser, where no file of ours is at a known address.
 */
export const JOIN_PROGRAM = `function joinProgram({ module, memory, program, thread }) {
  const fields = new Int32Array(memory.buffer);
  const sleep = (address, value) => void Atomics.wait(fields, address >>> 2, value);
  const wake = (address) => void Atomics.notify(fields, address >>> 2);
  const imports = { env: { memory }, threads: { sleep, wake } };
  new WebAssembly.Instance(module, imports).exports.work(program, thread);
}`;

/** What the caller's instance of assembly/threads.ts imports: as a worker's, over growing memory. */
export function threadImports(memory: WasmMemory, maySleep: boolean): object {
  const fields = () => new Int32Array(memory.buffer);
  const sleep = (address: number, value: number) => {
    if (maySleep) Atomics.wait(fields(), address >>> 2, value);
  };
  const wake = (address: number) => void Atomics.notify(fields(), address >>> 2);
  return { env: { memory }, threads: { sleep, wake } };
}

/** The threads of one program. */
export interface Team {
  readonly threads: number;
  /** One job: all threads divide each step, or each takes the image in its own arena. */
  run(isSplit: boolean): void;
  /** Ends the workers; twice is harmless. */
  stop(): void;
}

/** Index of the field READY of a program's record: assembly/program.ts. */
const READY = 12;

/** Starting takes some 30 ms; one that takes longer than this has failed. */
const START_MS = 30_000;

/**
 * Starts the workers of a program.
 * @throws QuantizationError when they do not start
 */
export function startTeam(
  threading: WasmThreads,
  wasm: ThreadedExports,
  task: Omit<ThreadTask, 'thread'>,
  threads: number,
): Team {
  const releases: (() => void)[] = [];
  const team: Team = {
    threads,
    run: (isSplit) => wasm.runJob(task.program, isSplit ? 1 : 0),
    stop() {
      if (releases.length === 0) return;
      wasm.stop(task.program);
      for (const release of releases.splice(0)) release();
    },
  };
  for (let thread = 1; thread < threads; thread++) {
    releases.push(threading.start({ ...task, thread }));
  }
  const fields = new Int32Array(task.memory.buffer, task.program, READY + 1);
  const { callerSleeps, startMs = START_MS } = threading;
  if (!becomes(fields, READY, threads - 1, callerSleeps, startMs)) {
    team.stop();
    throw new QuantizationError(
      `Expected ${threads - 1} worker threads to start but ${fields[READY]} did within ${startMs} ms`,
      { remedy: 'Ask for fewer threads.' },
    );
  }
  return team;
}

/** Waits until `fields[index]` is `value`; false when it takes too long. */
function becomes(
  fields: Int32Array,
  index: number,
  value: number,
  maySleep: boolean,
  withinMs: number,
): boolean {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const now = Atomics.load(fields, index);
    if (now === value) return true;
    const left = deadline - performance.now();
    if (left <= 0) return false;
    if (maySleep) Atomics.wait(fields, index, now, left);
  }
}
