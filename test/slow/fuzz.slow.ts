import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import type { Finding } from '../fuzz/fuzz.ts';
import type { FuzzWork } from '../fuzz/fuzz_worker.ts';
import { inFolder } from '../support/in_folder.ts';

const INPUTS = Number(process.env.TF8_FUZZ_INPUTS ?? 200_000);
const MOST_SECONDS_FOR_AN_INPUT = 5;
const MOST_BYTES = 2 ** 30;
const WATCH_MS = 250;

interface Campaign {
  readonly findings: readonly Finding[];
  readonly done: number;
  readonly peakBytes: number;
  /** The input that took too long. */
  readonly hung: number | undefined;
}

async function campaign(folder: string): Promise<Campaign> {
  const progress = new SharedArrayBuffer(8);
  const counters = new Int32Array(progress);
  // A thread's first file is not run through tsx: it registers it.
  const main = new URL('../fuzz/fuzz_worker.ts', import.meta.url).href;
  const start = `import('tsx/esm/api').then(({ register }) => (register(), import('${main}')));`;
  const worker = new Worker(start, {
    eval: true,
    workerData: { folder, inputs: INPUTS, progress } satisfies FuzzWork,
  });
  let peakBytes = 0;
  let hung: number | undefined;
  let last = { done: -1, since: Date.now() };
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
    const done = counters[0]!;
    if (done !== last.done || counters[1] === 0) last = { done, since: Date.now() };
    if (Date.now() - last.since < 1000 * MOST_SECONDS_FOR_AN_INPUT) return;
    hung = done;
    void worker.terminate();
  }, WATCH_MS);
  try {
    const findings = await new Promise<readonly Finding[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => resolve([]));
    });
    return { findings, done: counters[0]!, peakBytes, hung };
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}

describe(`${INPUTS} mutated files`, function () {
  this.timeout(120 * 60_000);

  it('are read or refused by every reader: no crash, no hang, no memory over 1 GB', () =>
    inFolder(async (folder) => {
      const { findings, done, peakBytes, hung } = await campaign(folder);
      assert.deepEqual(findings, []);
      assert.equal(hung, undefined, `input ${hung} takes over ${MOST_SECONDS_FOR_AN_INPUT} s`);
      assert.equal(done, INPUTS);
      assert.ok(peakBytes < MOST_BYTES, `the process had ${peakBytes} bytes`);
    }));
});
