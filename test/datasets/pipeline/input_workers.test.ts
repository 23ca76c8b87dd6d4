import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { INCEPTION } from '../../../datasets/augment/inception.ts';
import type { SkippedImage } from '../../../datasets/dataset.ts';
import { openImageNet } from '../../../datasets/imagenet/imagenet.ts';
import { InputWorkers } from '../../../datasets/pipeline/input_workers.ts';
import { prepareChunk } from '../../../datasets/pipeline/prepare_chunk.ts';
import { pixelDataset } from '../../../datasets/pixel_dataset.ts';
import { inFolder } from '../../support/in_folder.ts';
import { collect, noise, writeTree } from '../support.ts';
import { chunkOf, contentOf, pixelSet } from './support.ts';

const TENCH = 'n01440764';

describe('InputWorkers', () => {
  it('prepares what this thread would, and shares the pixels of the set', async () => {
    const task = chunkOf(pixelSet(6), 6, { augmentation: { kind: 'flip-crop', padding: 1 } });
    const [first, second] = await Promise.all([1, 2].map(() => InputWorkers.of(2).prepare(task)));
    const expected = contentOf(await prepareChunk(task, 1));
    assert.deepEqual(contentOf(first), expected);
    assert.deepEqual(contentOf(second), expected);
    assert.equal(InputWorkers.of(2), InputWorkers.of(2));
  });

  for (const augmentation of [{ kind: 'none' }, { ...INCEPTION, fastMode: false }] as const) {
    it(`gives the same batches, broken images and positions with any number of threads (${augmentation.kind})`, () =>
      inFolder(async (folder) => {
        const files: Record<string, Buffer | string> = {};
        for (let i = 0; i < 14; i++) {
          files[`${TENCH}/${i}.jpg`] = await noise(20 + i, 40 - i)
            .jpeg()
            .toBuffer();
        }
        files[`${TENCH}/3.jpg`] = 'no image';
        files[`${TENCH}/7.jpg`] = '';
        await writeTree(folder, files);
        const dataset = await openImageNet(folder);
        const run = async (workers: number) => {
          const skipped: SkippedImage[] = [];
          const onSkip = (image: SkippedImage) => skipped.push(image);
          const options = { batchSize: 3, resolution: 8, seed: 1, augmentation, workers, onSkip };
          return { batches: await collect(dataset, options), skipped };
        };
        const expected = await run(0);
        assert.equal(expected.skipped.length, 2);
        for (const workers of [1, 2]) assert.deepEqual(await run(workers), expected);
      }));
  }

  it('goes on after any batch as the uninterrupted iteration does', async () => {
    const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 3);
    const pixels = Uint8Array.from({ length: 20 * 8 * 8 }, (_, i) => (i * i) >> 3);
    const images = { labels, pixels, height: 8, width: 8, channels: 1 } as const;
    const dataset = pixelDataset({
      name: 'noise',
      classNames: ['a', 'b', 'c'],
      origin: 'made up for a test',
      splits: { train: images, test: images },
    });
    const options = { batchSize: 6, resolution: 8, seed: 2, augmentation: INCEPTION } as const;
    const whole = await collect(dataset, { ...options, workers: 2 });
    const rest = await collect(dataset, { ...options, workers: 1, skip: whole[0].position });
    assert.deepEqual(rest, whole.slice(1));
  });

  const faults = {
    'do not start': 'throw new Error("no such library")',
    'die at work': 'export function run() { process.exit(1) }',
    fail: 'export function run() { throw new Error("out of order") }',
  };
  for (const [what, source] of Object.entries(faults)) {
    it(`prepares chunks on this thread where the threads ${what}`, () =>
      inFolder(async (folder) => {
        await writeTree(folder, { 'worker.mjs': source });
        const workers = new InputWorkers(2, pathToFileURL(join(folder, 'worker.mjs')).href);
        const task = chunkOf(pixelSet(4), 4);
        const expected = contentOf(await prepareChunk(task, 1));
        const found = await Promise.all([1, 2, 3].map(() => workers.prepare(task)));
        assert.deepEqual(found.map(contentOf), [expected, expected, expected]);
        assert.deepEqual(contentOf(await workers.prepare(task)), expected);
      }));
  }

  it('keeps no process alive: one that leaves an iteration ends', async function () {
    this.timeout(300_000);
    const script = join(import.meta.dirname, 'leave_iteration.ts');
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script]);
    assert.equal(stdout, '4 images\n');
  });
});
