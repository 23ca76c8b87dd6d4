import { JOIN_PROGRAM, type ThreadTask, type WasmThreads } from './team.ts';
import type { WasmSource } from './webassembly.ts';

/** What is used of a browser's `Worker`: TypeScript declares it in the DOM library only. */
interface WebWorker {
  onmessage: (() => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(task: ThreadTask): void;
  terminate(): void;
}

const SOURCE = `${JOIN_PROGRAM}
onmessage = ({ data }) => joinProgram(data);
postMessage('started');`;

/**
 * Threads of a browser, or undefined where it does not share memory between them: the page must be
 * isolated (Cross-Origin-Opener-Policy: same-origin, Cross-Origin-Embedder-Policy: require-corp).
 * A browser starts workers only while the page's own thread is idle, so it takes a promise, and
 * they are started once and serve one program after another.
 *
 * Runs on the page's own thread poll for the others' parts, since that thread may not sleep; on a
 * worker's they sleep.
 * @param module kernels_threads.wasm
 * @param workers how many to start, one less than the threads of a program
 * @throws what the browser says where a worker does not start
 */
export async function startWebThreads(
  module: WasmSource,
  workers: number,
): Promise<WasmThreads | undefined> {
  const { crossOriginIsolated, Worker } = globalThis as {
    readonly crossOriginIsolated?: boolean;
    readonly Worker?: new (url: string) => WebWorker;
  };
  if (!crossOriginIsolated || Worker === undefined) return undefined;
  const url = URL.createObjectURL(new Blob([SOURCE], { type: 'text/javascript' }));
  const all = Array.from({ length: workers }, () => new Worker(url));
  const started = all.map(
    (worker) =>
      new Promise<WebWorker>((resolve, reject) => {
        worker.onmessage = () => resolve(worker);
        worker.onerror = ({ message }) => reject(new Error(message ?? 'a worker did not start'));
      }),
  );
  let idle: WebWorker[];
  try {
    idle = await Promise.all(started);
  } catch (error) {
    for (const worker of all) worker.terminate();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
  return {
    module,
    callerSleeps: maySleep(),
    available: () => idle.length,
    start(task) {
      const worker = idle.pop()!;
      worker.postMessage(task);
      return {
        // A message waits until the worker has left its program.
        release: () => void idle.push(worker),
        terminate: () => worker.terminate(),
      };
    },
  };
}

/** Whether this thread may sleep; a page's own may not. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
