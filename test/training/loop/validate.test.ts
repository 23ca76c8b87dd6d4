import assert from 'node:assert/strict';
import { crossEntropy, validate } from '../../../training/loop/validate.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';

const DATASET = memoryDataset({ classes: 8, images: 16 });
const BATCHES = { split: 'train', batchSize: 6, resolution: 4 } as const;

/** Logits 7, 6, … 0 for classes 0 to 7, whatever the image. */
const falling = {
  predict: (_: Float32Array, [count]: readonly number[]) =>
    Float32Array.from({ length: count * 8 }, (_value, i) => 7 - (i % 8)),
};

describe('validate', () => {
  it('gives the mean cross-entropy and the shares in the first place and the first five', async () => {
    const validation = await validate(falling, DATASET.batches(BATCHES));
    const sum = [0, 1, 2, 3, 4, 5, 6, 7].reduce((total, logit) => total + Math.exp(logit), 0);
    assert.ok(Math.abs(validation!.loss - (Math.log(sum) - 3.5)) < 1e-9);
    assert.deepEqual([validation!.top1, validation!.top5], [12.5, 62.5]);
  });

  it('counts images whose logits are NaN as wrong, and says so by the loss', async () => {
    const broken = {
      predict: (...args: Parameters<typeof falling.predict>) =>
        falling.predict(...args).fill(Number.NaN),
    };
    const validation = await validate(broken, DATASET.batches(BATCHES));
    assert.deepEqual(validation, { loss: Number.NaN, top1: 0, top5: 0 });
  });

  it('gives nothing without images, and when aborted', async () => {
    assert.equal(await validate(falling, DATASET.batches({ ...BATCHES, limit: 0 })), undefined);
    const aborted = AbortSignal.abort();
    assert.equal(await validate(falling, DATASET.batches(BATCHES), aborted), undefined);
  });
});

describe('crossEntropy', () => {
  it('is exact where exp would overflow', () => {
    assert.equal(crossEntropy(Float32Array.of(1000, 0, 0), 0), 0);
    assert.equal(crossEntropy(Float32Array.of(1000, 0, 0), 1), 1000);
  });
});
