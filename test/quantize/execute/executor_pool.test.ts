import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Tf8Executor } from '../../../quantize/execute/executor.ts';
import { ExecutorPool } from '../../../quantize/execute/executor_pool.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import type { Tf8Model } from '../../../quantize/model/tf8_model.ts';
import { randomModels } from '../model/random_models.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), {
  seed: 3,
  numRuns: 1,
})[0] as Tf8Model;
const PIXELS = MODEL.input.shape.reduce((product, side) => product * side, 1);

/** Images [n, H, W, C] in [−1, 1]. */
const images = (n: number, seed: number) =>
  Float32Array.from({ length: n * PIXELS }, (_, i) => Math.sin(1 + seed + i * (seed + 1)));

describe('ExecutorPool', () => {
  let pool: ExecutorPool;
  before(async () => {
    pool = await ExecutorPool.start(MODEL, { tier: 'wasm', threads: 2 });
  });
  after(() => pool.close());

  it("gives concurrent tasks the executor's logits, each its own", async () => {
    const executor = new Tf8Executor(MODEL, selectKernels('reference').kernels);
    const tasks = Array.from({ length: 12 }, (_, seed) => images(1 + (seed % 3), seed));
    const logits = await Promise.all(tasks.map((task) => pool.predict(task)));
    for (const [index, task] of tasks.entries()) {
      assert.deepEqual(logits[index], executor.runFloat(task));
    }
  });

  it('leaves the images with the caller', async () => {
    const task = images(2, 1);
    await pool.predict(task);
    assert.deepEqual(task, images(2, 1));
  });

  it('rejects a task that the executor refuses and goes on', async () => {
    await assert.rejects(pool.predict(new Float32Array(PIXELS + 1)), /Expected whole images/);
    const hole = images(1, 0).fill(Number.NaN);
    await assert.rejects(pool.predict(hole), /element 0 of the values to quantize/);
    assert.ok((await pool.predict(images(1, 0))).length > 0);
  });

  it('rejects what is asked after it was closed, and may be closed twice', async () => {
    const other = await ExecutorPool.start(MODEL, { tier: 'reference', threads: 1 });
    await other.predict(images(1, 0));
    await other.close();
    await other.close();
    await assert.rejects(other.predict(images(1, 0)), {
      name: 'QuantizationError',
      message: 'Expected an open pool but it was closed',
    });
  });

  it('rejects the tasks that closing cuts off', async () => {
    const other = await ExecutorPool.start(MODEL, { tier: 'reference', threads: 1 });
    const tasks = Promise.allSettled([1, 2, 3].map((seed) => other.predict(images(1, seed))));
    await other.close();
    for (const { status } of await tasks) assert.equal(status, 'rejected');
  });

  it('refuses a model that is not sound', async () => {
    await assert.rejects(
      ExecutorPool.start({ ...MODEL, nodes: [] }, { tier: 'reference', threads: 1 }),
      { name: 'QuantizationError', message: /at least one node/ },
    );
  });
});
