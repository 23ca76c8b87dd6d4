import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { defaultWorkers } from '../../../datasets/pipeline/input_workers.ts';
import { preparationFor } from '../../../datasets/pipeline/preparation.ts';

const PHOTOGRAPHS = { loadMs: 4 };
const IN_MEMORY = { loadMs: 0 };

describe('preparationFor', () => {
  const withWorkers = defaultWorkers() + 2;

  it('takes worker threads for an epoch of photographs, not for a few', () => {
    const options = { resolution: 224, batchSize: 1000 };
    assert.equal(preparationFor(PHOTOGRAPHS, 100_000, options).ahead, withWorkers);
    assert.equal(preparationFor(PHOTOGRAPHS, 50, options).ahead, 2);
  });

  it('takes them for an epoch of many pixels in memory, and no thread prepares ahead otherwise', () => {
    const options = { resolution: 32, batchSize: 64 };
    assert.equal(preparationFor(IN_MEMORY, 60_000, options).ahead, withWorkers);
    assert.equal(preparationFor(IN_MEMORY, 5000, options).ahead, 1);
  });

  it('decodes enough small batches at a time to keep every core busy', () => {
    const options = { resolution: 224, batchSize: 1, workers: 0 };
    assert.equal(preparationFor(PHOTOGRAPHS, 10, options).ahead, 2 * availableParallelism());
  });

  it('takes as many threads as are asked for', () => {
    const options = { resolution: 32, batchSize: 64 };
    assert.equal(preparationFor(IN_MEMORY, 10, { ...options, workers: 3 }).ahead, 5);
    assert.equal(preparationFor(IN_MEMORY, 1e9, { ...options, workers: 0 }).ahead, 1);
    assert.throws(() => preparationFor(IN_MEMORY, 10, { ...options, workers: -1 }), {
      name: 'UserError',
      message: /for workers but received -1/,
    });
  });

  it('leaves a core to the consumer, and uses at least one thread', () => {
    assert.ok(defaultWorkers() >= 1);
    assert.ok(defaultWorkers() <= Math.max(1, availableParallelism() - 1));
  });
});
