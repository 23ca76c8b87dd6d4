import { Worker } from 'node:worker_threads';
import { JOIN_PROGRAM, reportFailure, type WasmThreads } from './team.ts';
import type { WasmSource } from './webassembly.ts';

const SOURCE = `${JOIN_PROGRAM}
joinProgram(require('node:worker_threads').workerData);`;

/** As many as `Tf8Plan` allows. */
const MAX_WORKERS = 1023;

/**
 * Threads of Node. A worker keeps no process alive, and ends when it is stopped or with the
 * process.
 * @param module kernels_threads.wasm
 */
export function nodeThreads(module: WasmSource): WasmThreads {
  return {
    module,
    callerSleeps: true,
    available: () => MAX_WORKERS,
    start(task) {
      // No flags: the worker loads no module that would need the hooks of a TypeScript loader.
      const worker = new Worker(SOURCE, { eval: true, workerData: task, execArgv: [] });
      worker.unref();
      // `joinProgram` has reported it, and 'exit' follows.
      worker.on('error', () => {});
      // In time for a program's next run, and of no effect on one that was closed.
      worker.on('exit', () => reportFailure(task));
      return { release() {}, terminate: () => void worker.terminate() };
    },
  };
}
