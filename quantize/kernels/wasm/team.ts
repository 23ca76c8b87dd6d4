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

/** A worker that has joined a program. */
export interface TeamWorker {
  /** It was stopped and will leave the program. */
  release(): void;
  /** Ends it wherever it is: the program failed, so that it may never leave by itself. */
  terminate(): void;
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
  /** Has a worker do `joinProgram`, while the caller's thread goes on or waits. */
  start(task: ThreadTask): TeamWorker;
}

// Indices of fields of a program's record: assembly/program.ts.
const WORKING = 9;
const PHASE = 11;
const READY = 12;
const FAILED = 13;

/**
 * What a worker does with a ThreadTask, as JavaScript: it must start alike from TypeScript's sources,
 * from compiled ones and in a browser, where no file of ours is at a known address. One that fails
 * says so to a caller that waits for it.
 */
export const JOIN_PROGRAM = `function joinProgram({ module, memory, program, thread }) {
  const fields = new Int32Array(memory.buffer);
  const sleep = (address, value) => void Atomics.wait(fields, address >>> 2, value);
  const wake = (address) => void Atomics.notify(fields, address >>> 2);
  const imports = { env: { memory }, threads: { sleep, wake } };
  try {
    new WebAssembly.Instance(module, imports).exports.work(program, thread);
  } catch (error) {
    Atomics.store(fields, program / 4 + ${FAILED}, 1);
    for (const field of [${WORKING}, ${PHASE}, ${READY}]) wake(program + 4 * field);
    throw error;
  }
}`;

/** Has the next run of a task's program throw: one of its workers is gone. */
export function reportFailure({ memory, program }: ThreadTask): void {
  Atomics.store(new Int32Array(memory.buffer, program), FAILED, 1);
}

/** A caller that sleeps looks after its workers this often, in case that it slept just after a failure. */
const CHECK_MS = 100;

/**
 * What the caller's instance of assembly/threads.ts imports.
 * @param check is called before sleeping; what it throws ends the run
 */
export function threadImports(memory: WasmMemory, maySleep: boolean, check: () => void): object {
  // Anew each time: memory grows.
  const fields = () => new Int32Array(memory.buffer);
  const sleep = (address: number, value: number) => {
    check();
    if (maySleep) Atomics.wait(fields(), address >>> 2, value, CHECK_MS);
  };
  const wake = (address: number) => void Atomics.notify(fields(), address >>> 2);
  return { env: { memory }, threads: { sleep, wake } };
}

/** The threads of one program. */
export interface Team {
  readonly threads: number;
  /**
   * One job: all threads divide each step, or each takes the image in its own arena.
   * @throws QuantizationError when a worker fails or has failed
   */
  run(isSplit: boolean): void;
  /** Throws a QuantizationError when a worker has failed. */
  check(): void;
  /** Ends the workers; twice is harmless. */
  stop(): void;
}

/** Starting takes some 30 ms; one that takes longer than this has failed. */
const START_MS = 30_000;

/**
 * Starts the workers of a program.
 * @throws QuantizationError when they do not start; what `threading.start` throws
 */
export function startTeam(
  threading: WasmThreads,
  wasm: ThreadedExports,
  task: Omit<ThreadTask, 'thread'>,
  threads: number,
): Team {
  const { callerSleeps, startMs = START_MS } = threading;
  const fields = new Int32Array(task.memory.buffer, task.program, FAILED + 1);
  const workers: TeamWorker[] = [];
  const abandon = () => {
    Atomics.store(fields, FAILED, 1);
    for (const worker of workers.splice(0)) worker.terminate();
  };
  const check = () => {
    if (Atomics.load(fields, FAILED) === 0) return;
    throw new QuantizationError(
      'Expected the worker threads of the program to run but one failed',
      {
        remedy: 'Compile the program again, on fewer threads.',
      },
    );
  };
  try {
    for (let thread = 1; thread < threads; thread++) {
      workers.push(threading.start({ ...task, thread }));
    }
    awaitWorkers(fields, threads - 1, callerSleeps, startMs);
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    threads,
    check,
    run(isSplit) {
      check();
      try {
        wasm.runJob(task.program, isSplit ? 1 : 0);
      } catch (error) {
        abandon(); // the others may wait for parts that nobody does
        throw error;
      }
    },
    stop() {
      if (workers.length === 0) return;
      wasm.stop(task.program);
      for (const worker of workers.splice(0)) worker.release();
    },
  };
}

/** @throws QuantizationError when one fails, or not all are ready in time */
function awaitWorkers(
  fields: Int32Array,
  count: number,
  maySleep: boolean,
  withinMs: number,
): void {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const ready = Atomics.load(fields, READY);
    if (ready === count) return;
    const hasFailed = Atomics.load(fields, FAILED) !== 0;
    const left = deadline - performance.now();
    if (hasFailed || left <= 0) {
      const became = hasFailed ? 'one failed' : `${ready} did within ${withinMs} ms`;
      throw new QuantizationError(`Expected ${count} worker threads to start but ${became}`, {
        remedy: 'Ask for fewer threads.',
      });
    }
    if (maySleep) Atomics.wait(fields, READY, ready, Math.min(left, CHECK_MS));
  }
}
