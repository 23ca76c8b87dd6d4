import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type {
  BatchOptions,
  ImageBatch,
  PreparationTime,
  SkippedImage,
} from '../../../datasets/dataset.ts';
import { streamBatches } from '../../../datasets/pipeline/batch_stream.ts';
import type { ChunkTask, PreparedChunk } from '../../../datasets/pipeline/chunk.ts';
import type { Preparation } from '../../../datasets/pipeline/preparation.ts';
import { prepareChunk } from '../../../datasets/pipeline/prepare_chunk.ts';
import { all, OPTIONS, pixelSet, SIDE } from './support.ts';

/** Prepares on this thread, and reports images whose index is among `broken` as such. */
function breaking(broken: readonly number[], ahead = 2): Preparation {
  return {
    ahead,
    async prepare(task: ChunkTask): Promise<PreparedChunk> {
      const { images, spent } = await prepareChunk(task, 1);
      assert.ok(task.source.kind === 'pixels');
      const found = Array.from(task.source.indices, (index, n) => ({ index, n }));
      return {
        images,
        spent,
        broken: found
          .filter(({ index }) => broken.includes(index))
          .map(({ index, n }) => ({ n, reason: `broken ${index}` })),
      };
    },
  };
}

function stream(count: number, options: Partial<BatchOptions> = {}, preparation = breaking([])) {
  return streamBatches(pixelSet(count), 1, { ...OPTIONS, ...options }, preparation);
}

describe('streamBatches', () => {
  it('hands out images, labels and names in the order, and the position after each batch', async () => {
    const batches = await all(stream(10));
    assert.deepEqual(
      batches.map(({ shape }) => shape),
      [
        [4, SIDE, SIDE, 3],
        [4, SIDE, SIDE, 3],
        [2, SIDE, SIDE, 3],
      ],
    );
    assert.deepEqual(
      batches.map(({ position }) => position),
      [4, 8, 10],
    );
    assert.deepEqual(batches[2].names, ['image 8', 'image 9']);
    assert.deepEqual([...batches[1].labels], [4, 5, 6, 7]);
    const values = batches[1].images.filter((_, i) => i % (SIDE * SIDE * 3) === 0);
    assert.deepEqual(
      Array.from(values, (value) => Math.round(((value + 1) / 2) * 255)),
      [4, 5, 6, 7],
    );
  });

  it('says what each part of the order took to prepare, whatever was asked for before', async () => {
    const parts: PreparationTime[] = [];
    await all(stream(10, { onPrepared: (spent) => parts.push(spent) }));
    assert.deepEqual(
      parts.map(({ images }) => images),
      [4, 4, 2],
    );
    for (const { decodeMs, resizeMs } of parts) assert.ok(decodeMs >= 0 && resizeMs > 0);
  });

  it('starts anew with each iteration', async () => {
    const batches = stream(6, { seed: 1 });
    assert.deepEqual(await all(batches), await all(batches));
  });

  it('fills batches past broken images, and counts these in the position', async () => {
    const skipped: SkippedImage[] = [];
    const options = { onSkip: (image: SkippedImage) => skipped.push(image) };
    const batches = await all(stream(12, options, breaking([1, 8, 9, 11])));
    assert.deepEqual(
      batches.map(({ names, position }) => [names.map((name) => name.slice(6)).join(), position]),
      [
        ['0,2,3,4', 5],
        ['5,6,7,10', 11],
      ],
    );
    assert.deepEqual(skipped, [
      { name: 'image 1', reason: 'broken 1' },
      { name: 'image 8', reason: 'broken 8' },
      { name: 'image 9', reason: 'broken 9' },
      { name: 'image 11', reason: 'broken 11' },
    ]);
  });

  for (const [what, broken] of [
    ['no image is broken', []],
    ['some are broken', [1, 8, 9, 11, 30, 31, 32, 33, 34, 50]],
  ] as const) {
    it(`with memory that is used again, batches are whole until the next but one is asked for: ${what}`, async () => {
      const expected = await all(stream(60, { seed: 2 }, breaking(broken)));
      const memories = new Set<ArrayBufferLike>();
      let before: ImageBatch | undefined;
      let n = 0;
      const reused = stream(60, { seed: 2, reuseMemory: true }, breaking(broken));
      for await (const batch of reused) {
        // The one before is still read here, though this one was asked for.
        if (before !== undefined) assert.deepEqual(before.images, expected[n - 1].images);
        assert.deepEqual(batch.images, expected[n].images);
        memories.add(batch.images.buffer);
        before = batch;
        n++;
      }
      assert.equal(n, expected.length);
      // Two batches under way and two with the consumer.
      if (broken.length === 0) assert.ok(memories.size <= 4, `${memories.size} arrays`);
    });
  }

  it('counts broken images at the end in the position of a last batch that is not full', async () => {
    const batches = await all(stream(6, {}, breaking([5])));
    assert.deepEqual(
      batches.map(({ position }) => position),
      [4, 6],
    );
  });

  for (const augmentation of [{ kind: 'none' }, { kind: 'flip-crop', padding: 2 }] as const) {
    it(`goes on exactly after any batch with skip: position (broken images, ${augmentation.kind})`, async () => {
      const broken = breaking([0, 3, 4, 17, 21]);
      const options = { seed: 3, augmentation, augmentationSeed: 9 };
      const whole = await all(stream(22, options, broken));
      assert.ok(whole.length >= 4);
      for (const [n, { position }] of whole.entries()) {
        const rest = await all(stream(22, { ...options, skip: position }, broken));
        assert.deepEqual(rest, whole.slice(n + 1));
      }
    });
  }

  it('varies an image by its place in the order and the seed, not by the size of the batches', async () => {
    const augmentation = { kind: 'flip-crop', padding: 2 } as const;
    const pixels = async (options: Partial<BatchOptions>) =>
      (await all(stream(8, { augmentation, ...options }))).flatMap(({ images }) => [...images]);
    assert.deepEqual(await pixels({ batchSize: 3 }), await pixels({ batchSize: 8 }));
    assert.notDeepEqual(await pixels({ augmentationSeed: 1 }), await pixels({}));
  });

  it('has no more batches under way or ready than `ahead` while the consumer is slow', async () => {
    for (const ahead of [1, 3]) {
      let prepared = 0;
      const counting: Preparation = {
        ahead,
        prepare: (task) => {
          prepared++;
          return prepareChunk(task, 1);
        },
      };
      let consumed = 0;
      for await (const _ of stream(40, {}, counting)) {
        consumed++;
        await wait(1);
        // The consumer's own batch is one of those that were prepared.
        assert.ok(prepared - consumed <= ahead - 1, `${prepared} prepared, ${consumed} consumed`);
      }
      assert.deepEqual([prepared, consumed], [10, 10]);
    }
  });

  it('asks for nothing more and tells the others to stop when the consumer leaves', async () => {
    const tasks: ChunkTask[] = [];
    let ended = 0;
    const slow: Preparation = {
      ahead: 3,
      async prepare(task) {
        tasks.push(task);
        const first = tasks.length === 1;
        while (!first && Atomics.load(task.stopped, 0) === 0) await wait(1);
        ended++;
        return prepareChunk(task, 1);
      },
    };
    for await (const _ of stream(40, {}, slow)) break;
    assert.deepEqual([tasks.length, ended], [3, 3]);
    await wait(5);
    assert.equal(tasks.length, 3);
  });

  it("ends with the signal's reason, also while it waits for images", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const waiting: Preparation = {
      ahead: 2,
      async prepare(task) {
        while (task.place > 0 && Atomics.load(task.stopped, 0) === 0) await wait(1);
        return prepareChunk(task, 1);
      },
    };
    const reason = new Error('enough');
    let batches = 0;
    await assert.rejects(async () => {
      for await (const _ of stream(40, { signal }, waiting)) {
        batches++;
        setTimeout(() => controller.abort(reason), 1);
      }
    }, reason);
    assert.equal(batches, 1);
    await assert.rejects(all(stream(40, { signal })), reason);
  });

  it('passes on a failure that is no broken image, after the work under way has ended', async () => {
    let ended = 0;
    const failing: Preparation = {
      ahead: 3,
      async prepare(task) {
        await wait(task.place === 4 ? 0 : 5);
        ended++;
        if (task.place === 4) throw new TypeError('a fault');
        return prepareChunk(task, 1);
      },
    };
    await assert.rejects(all(stream(12, {}, failing)), { name: 'TypeError', message: 'a fault' });
    assert.equal(ended, 3);
  });

  const refusals: readonly (readonly [Partial<BatchOptions>, RegExp])[] = [
    [{ batchSize: 0 }, /for batchSize but received 0/],
    [{ resolution: 1.5 }, /for resolution but received 1.5/],
    [{ augmentationSeed: -1 }, /for augmentationSeed but received -1/],
    [{ skip: -1 }, /for skip but received -1/],
  ];
  for (const [options, message] of refusals) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      await assert.rejects(all(stream(4, options)), { name: 'UserError', message });
    });
  }
});
