import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import type { LabelledBatch } from '../../../datasets/dataset.ts';
import { type AccuracyOptions, measureAccuracy } from '../../../datasets/scoring/accuracy.ts';
import { UserError } from '../../../foundation/errors.ts';

/** One image of one pixel for each label; the pixel's first value is the image's number. */
function batch(labels: readonly number[], first = 0): LabelledBatch {
  const images = new Float32Array(labels.length * 3).map((_, i) => first + Math.trunc(i / 3));
  const names = labels.map((_, n) => `image ${first + n}`);
  const shape = [labels.length, 1, 1, 3] as const;
  return { images, shape, labels: Int32Array.from(labels), names, position: first + labels.length };
}

function measure(options: Partial<AccuracyOptions>) {
  const predict = async () => Float32Array.of(5, 4, 3, 2, 1, 0);
  return measureAccuracy({
    batches: [batch([0])],
    predict,
    classes: 6,
    labelOffset: 0,
    ...options,
  });
}

describe('measureAccuracy', () => {
  it('gives top-1 and top-5 in percent', async () => {
    const labels = [0, 4, 5, 5];
    const predict = async () => Float32Array.from(labels.flatMap(() => [5, 4, 3, 2, 1, 0]));
    const accuracy = await measure({ batches: [batch(labels)], predict });
    assert.deepEqual(accuracy, { top1: 25, top5: 50, images: 4 });
  });

  it('looks for label + labelOffset', async () => {
    const predict = async () => Uint8Array.of(0, 0, 9);
    const options = { batches: [batch([1])], predict, classes: 3 };
    assert.equal((await measure({ ...options, labelOffset: 1 })).top1, 100);
    assert.equal((await measure({ ...options, labelOffset: 0 })).top1, 0);
  });

  it('breaks ties by the lower index, so that constant logits name the first five classes', async () => {
    const labels = [0, 1, 4, 5];
    const predict = async () => new Uint8Array(4 * 6).fill(128);
    const accuracy = await measure({ batches: [batch(labels)], predict });
    assert.deepEqual(accuracy, { top1: 25, top5: 75, images: 4 });
  });

  it('hands images and shape to predict', async () => {
    const given = batch([0, 0]);
    await measure({
      batches: [given],
      predict: async (images, shape) => {
        assert.equal(images, given.images);
        assert.deepEqual(shape, [2, 1, 1, 3]);
        return new Float32Array(12);
      },
    });
  });

  it('gives the same figures for any batch size', async () => {
    const labels = fc.array(fc.nat(6), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(labels, fc.integer({ min: 1, max: 5 }), async (all, size) => {
        const predict = async (images: Float32Array, [count]: LabelledBatch['shape']) => {
          return Float32Array.from({ length: count * 7 }, (_, i) => {
            const image = images[3 * Math.trunc(i / 7)];
            return ((image + 3) * ((i % 7) + 1) * 31) % 11;
          });
        };
        const batches = [];
        for (let n = 0; n < all.length; n += size) batches.push(batch(all.slice(n, n + size), n));
        const common = { predict, classes: 7 };
        const alone = await measure({
          ...common,
          batches: all.map((label, n) => batch([label], n)),
        });
        assert.deepEqual(await measure({ ...common, batches }), alone);
        assert.equal(alone.images, all.length);
      }),
      { numRuns: 20 },
    );
  });

  it('holds one batch at a time and reports progress in order', async () => {
    let predicted = 0;
    function* batches(): Generator<LabelledBatch> {
      for (let n = 0; n < 10; n++) {
        assert.equal(n, predicted, 'predictions when a batch is read');
        yield batch([0]);
      }
    }
    const progress: number[] = [];
    await measure({
      batches: batches(),
      onProgress: (images) => progress.push(images),
      predict: async () => {
        await wait(1);
        predicted++;
        return new Float32Array(6);
      },
    });
    assert.deepEqual(progress, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('names the image whose logits hold NaN', async () => {
    const predict = async () => Float32Array.of(0, 0, 0, Number.NaN, 0, 0);
    await assert.rejects(measure({ predict }), {
      name: 'UserError',
      message: 'Expected a number for class 3 of image 0 but received NaN.',
    });
  });

  it('refuses logits of another number and labels without a class', async () => {
    await assert.rejects(measure({ classes: 7 }), {
      name: 'UserError',
      message: 'Expected 1 × 7 logits for 1 images but received 6.',
    });
    await assert.rejects(measure({ batches: [batch([5])], labelOffset: 1 }), {
      name: 'UserError',
      message: 'Expected a class in [0, 5] for image 0 but its label is 5 (class 6).',
    });
  });

  it('refuses to give figures of no image', async () => {
    await assert.rejects(measure({ batches: [] }), UserError);
  });

  it('refuses options that are no counts', async () => {
    await assert.rejects(measure({ classes: 0 }), /for classes but received 0/);
    await assert.rejects(measure({ labelOffset: -1 }), /for labelOffset but received -1/);
  });

  it('passes on what predict throws', async () => {
    const predict = () => Promise.reject(new Error('worker died'));
    await assert.rejects(measure({ predict }), /worker died/);
  });

  it('stops when aborted, with the reason of the signal', async () => {
    const controller = new AbortController();
    const batches = Array.from({ length: 10 }, () => batch([0]));
    const seen: number[] = [];
    const measured = measure({
      batches,
      signal: controller.signal,
      onProgress: (images) => {
        seen.push(images);
        if (images === 3) controller.abort(new Error('stopped'));
      },
    });
    await assert.rejects(measured, /stopped/);
    assert.deepEqual(seen, [1, 2, 3]);
  });
});
