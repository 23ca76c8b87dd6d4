import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { Tf8Plan } from '../../../../quantize/execute/plan.ts';
import type { CompiledProgram, Kernels, Program } from '../../../../quantize/kernels/kernels.ts';
import { examineTiers } from '../../../../quantize/kernels/select.ts';
import { loadWasmKernels } from '../../../../quantize/kernels/wasm/load_wasm.ts';
import { nodeThreads } from '../../../../quantize/kernels/wasm/node_threads.ts';
import type { TeamWorker, ThreadTask } from '../../../../quantize/kernels/wasm/team.ts';
import { createWasmKernels } from '../../../../quantize/kernels/wasm/wasm_kernels.ts';
import { startWebThreads } from '../../../../quantize/kernels/wasm/web_threads.ts';
import { skip } from '../../../support/skip.ts';
import { randomModels, randomScales } from '../../model/random_models.ts';
import { assertNetworkEqual } from '../equal.ts';
import { fullyConnected } from '../make_call.ts';

/** In place of a module. */
const NO_MODULE = {} as unknown as ThreadTask['module'];

const FOLDER = new URL('../../../../quantize/kernels/wasm/', import.meta.url);

/** A fully connected layer of 6 inputs and 9 outputs. */
function program(): Program {
  const made = fullyConnected([1, 6, 9]);
  assert.ok(made.op === 'fullyConnected');
  const arena = new Uint8Array(128);
  const [input, output] = [arena.subarray(0, 6), arena.subarray(64, 73)];
  const call = { ...made.call, input, output };
  return { calls: [{ op: made.op, call }], arena, input, outputs: [output] };
}

function firstImage(compiled: CompiledProgram): Uint8Array {
  const result = new Uint8Array(9);
  compiled.run(Uint8Array.of(1, 2, 3, 4, 5, 6), 1, [result]);
  return result;
}

describe('programs of the wasm kernels', () => {
  let kernels: Kernels;
  before(function () {
    const report = examineTiers().find(({ tier }) => tier === 'wasm')!;
    if (report.state !== 'passed') skip(this, report.reason);
    kernels = loadWasmKernels();
  });

  for (const threads of [2, 3]) {
    it(`give the reference's bytes in every layer on ${threads} threads, of batches of any size`, () => {
      fc.assert(
        fc.property(randomScales({ withEveryOp: true }), (model) =>
          assertNetworkEqual(model, kernels, {
            threads,
            batches: [1, threads - 1, threads + 2, 1],
          }),
        ),
        { numRuns: 5 },
      );
    }).timeout(300_000);
  }

  it('run on the threads asked for, or on one where none were given', () => {
    const threaded = kernels.compile!(program(), { threads: 3 });
    assert.equal(threaded.threads, 3);
    const plain = createWasmKernels(loadedBytes).compile!(program(), { threads: 3 });
    assert.equal(plain.threads, 1);
    assert.deepEqual(firstImage(plain), firstImage(threaded));
    threaded.close();
  });

  it('time each call', () => {
    const times = kernels.compile!(program(), { threads: 1 }).profile(new Uint8Array(6));
    assert.equal(times.length, 1);
    assert.ok(times[0] >= 0);
  });

  it('close twice without harm, and refuse to run then', () => {
    for (const threads of [1, 2]) {
      const compiled = kernels.compile!(program(), { threads });
      compiled.close();
      compiled.close();
      for (const use of [() => firstImage(compiled), () => compiled.profile(new Uint8Array(6))]) {
        assert.throws(use, {
          name: 'QuantizationError',
          message: 'Expected an open program but it was closed',
        });
      }
    }
  });

  it('refuse images and results of other lengths', () => {
    const compiled = kernels.compile!(program(), { threads: 1 });
    const refused = (images: Uint8Array, results: Uint8Array[], message: RegExp) =>
      assert.throws(() => compiled.run(images, 1, results), { name: 'QuantizationError', message });
    refused(new Uint8Array(5), [new Uint8Array(9)], /length 6 for images but received 5/);
    refused(new Uint8Array(6), [], /length 1 for results but received 0/);
    refused(new Uint8Array(6), [new Uint8Array(8)], /length 9 for results\[0\] but received 8/);
  });

  it('refuse tensors outside their arena, and more memory than they may have', () => {
    const outside = { ...program(), input: new Uint8Array(6) };
    assert.throws(
      () => kernels.compile!(outside, { threads: 1 }),
      /within the arena of the program/,
    );
    for (const threads of [1, 2]) {
      const small = loadWasmKernels({ maximumBytes: 2 ** 17 });
      const large = { ...program(), arena: new Uint8Array(2 ** 18) };
      assert.throws(
        () => small.compile!(withArena(large), { threads }),
        /at most 131072 bytes of WASM memory for a kernel call or a program/,
      );
    }
  });

  it('are refused where workers do not start', () => {
    const threading = {
      module: loadedThreadsBytes,
      callerSleeps: true,
      available: () => 1,
      startMs: 10,
      start: () => ({ release() {}, terminate: () => void terminated++ }),
    };
    let terminated = 0;
    const stuck = createWasmKernels(loadedBytes, { threading });
    assert.throws(() => stuck.compile!(program(), { threads: 2 }), {
      name: 'QuantizationError',
      message: 'Expected 1 worker threads to start but 0 did within 10 ms',
    });
    assert.equal(terminated, 1);
  });

  it('are refused at once where a worker fails while it starts, and end those that started', () => {
    const real = nodeThreads(loadedThreadsBytes);
    let terminated = 0;
    const start = (task: ThreadTask): TeamWorker => {
      if (task.thread < 3) {
        const worker = real.start(task);
        const terminate = () => {
          terminated++;
          worker.terminate();
        };
        return { ...worker, terminate };
      }
      throw new Error('no more threads');
    };
    const few = createWasmKernels(loadedBytes, { threading: { ...real, start } });
    assert.throws(() => few.compile!(program(), { threads: 4 }), { message: 'no more threads' });
    assert.equal(terminated, 2);

    // No memory for an instance: what is sent is no module.
    const broken = {
      ...real,
      start: (task: ThreadTask) => real.start({ ...task, module: NO_MODULE }),
    };
    const kernels = createWasmKernels(loadedBytes, { threading: broken });
    assert.throws(() => kernels.compile!(program(), { threads: 2 }), {
      name: 'QuantizationError',
      message: 'Expected 1 worker threads to start but one failed',
    });
  });

  for (const batch of [1, 2, 3]) {
    it(`throw where a worker fails in a run of ${batch} images, and in every later run`, () => {
      // Of a thread of this number arena and scratch lie far behind the memory: a trap.
      const real = nodeThreads(loadedThreadsBytes);
      const start = (task: ThreadTask) =>
        real.start(task.thread === 1 ? { ...task, thread: 2 ** 23 } : task);
      const failing = createWasmKernels(loadedBytes, { threading: { ...real, start } });
      const compiled = failing.compile!(program(), { threads: 3 });
      for (let i = 0; i < 2; i++) {
        const result = new Uint8Array(9 * batch);
        assert.throws(() => compiled.run(new Uint8Array(6 * batch), batch, [result]), {
          name: 'QuantizationError',
          message: 'Expected the worker threads of the program to run but one failed',
        });
      }
      compiled.close();
    });
  }

  it('throw where a worker has ended between two runs', async () => {
    const started = once(process, 'worker') as Promise<[Worker]>;
    const compiled = kernels.compile!(program(), { threads: 2 });
    firstImage(compiled);
    const [worker] = await started;
    await worker.terminate();
    assert.throws(() => firstImage(compiled), {
      name: 'QuantizationError',
      message: /one failed$/,
    });
  });

  it('serve a plan', () => {
    const [model] = fc.sample(randomModels({ withEveryOp: true }), { numRuns: 1, seed: 1 });
    using plan = new Tf8Plan(model, { kernels, threads: 2 });
    assert.equal(plan.threads, 2);
  });
});

describe('startWebThreads', () => {
  it('gives nothing where memory is not shared between threads, as in a page that is not isolated', async () => {
    assert.equal(await startWebThreads(new Uint8Array(), 1), undefined);
  });

  it('ends all workers where one does not start, and throws what the browser says', async () => {
    let terminated = 0;
    let made = 0;
    class Worker {
      onmessage: (() => void) | null = null;
      onerror: ((event: { message?: string }) => void) | null = null;
      constructor() {
        const fails = made++ === 1;
        setImmediate(() => (fails ? this.onerror!({ message: 'blocked' }) : this.onmessage!()));
      }
      terminate() {
        terminated++;
      }
    }
    const page = { crossOriginIsolated: true, Worker };
    Object.assign(globalThis, page);
    try {
      await assert.rejects(startWebThreads(new Uint8Array(), 3), { message: 'blocked' });
    } finally {
      for (const name of Object.keys(page)) Reflect.deleteProperty(globalThis, name);
    }
    assert.equal(terminated, 3);
  });
});

describe('what a browser imports of the wasm kernels', () => {
  it('holds no Node module, and of packages zod alone', async () => {
    const seen = new Set<string>();
    const walk = async (file: URL): Promise<void> => {
      if (seen.has(file.href)) return;
      seen.add(file.href);
      const source = await readFile(file, 'utf8');
      for (const [, specifier] of source.matchAll(/^(?:import|export|\}) .*?from '([^']+)';$/gm)) {
        if (specifier === 'zod') continue;
        assert.match(specifier, /^\.\.?\//, `${file.pathname} imports ${specifier}`);
        await walk(new URL(specifier, file));
      }
    };
    for (const name of ['wasm_kernels.ts', 'web_threads.ts']) await walk(new URL(name, FOLDER));
    assert.ok([...seen].some((href) => href.endsWith('/params/errors.ts')));
  });
});

/** The same call within an arena of another size. */
function withArena({ calls, arena }: Program): Program {
  const [first] = calls;
  assert.ok(first?.op === 'fullyConnected');
  const [input, output] = [arena.subarray(0, 6), arena.subarray(64, 73)];
  const call = { ...first.call, input, output };
  return { calls: [{ op: first.op, call }], arena, input, outputs: [output] };
}

const read = (name: string) => readFile(new URL(name, FOLDER)).catch(() => new Uint8Array());
const loadedBytes = new Uint8Array(await read('kernels.wasm'));
const loadedThreadsBytes = new Uint8Array(await read('kernels_threads.wasm'));
