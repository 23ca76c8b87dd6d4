import assert from 'node:assert/strict';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { ImageError } from '../../../datasets/images/decode_image.ts';
import { RecordFiles } from '../../../datasets/tfrecord/record_files.ts';
import {
  type RecordImages,
  readRecordImage,
  recordImages,
  recordName,
} from '../../../datasets/tfrecord/record_images.ts';
import { inFolder } from '../../support/in_folder.ts';
import { bytesOf, example, frame, imageExample, int64Of, writeRecords } from './support.ts';

const PAYLOADS = [imageExample(1, 'image one'), imageExample(271, 'image two')];

/** Runs `body` with two files: no record in the first, two in the second. */
async function withRecords(
  body: (images: RecordImages, files: RecordFiles, path: string) => Promise<void>,
  payloads: readonly Uint8Array[] = PAYLOADS,
): Promise<void> {
  await inFolder(async (folder) => {
    const shards = ['train-00000-of-00002', 'train-00001-of-00002'].map((name) =>
      join(folder, name),
    );
    await writeRecords(shards[0], []);
    await writeRecords(shards[1], payloads);
    const images = recordImages(shards, [0, 2], {
      offset: [0, frame(payloads[0]).length],
      length: payloads.map(({ length }) => length),
      labels: [0, 270],
    });
    const files = new RecordFiles();
    try {
      await body(images, files, shards[1]);
    } finally {
      await files.close();
    }
  });
}

describe('recordImages', () => {
  it('says of each record in which file it lies, empty files included', () => {
    const columns = { offset: [0, 99, 0], length: [83, 50, 20], labels: [7, 8, 9] };
    const images = recordImages(['/d/a', '/d/b', '/d/c', '/d/e'], [0, 2, 0, 1], columns);
    assert.deepEqual([...images.first], [0, 0, 2, 2]);
    assert.deepEqual([...images.shard], [1, 1, 3]);
    assert.deepEqual([...images.offset], columns.offset);
    assert.deepEqual([...images.length], columns.length);
    assert.deepEqual([...images.labels], columns.labels);
    assert.deepEqual(
      [0, 1, 2].map((index) => recordName(images, index)),
      ['b:0', 'b:1', 'e:0'],
    );
  });

  it('is shared with another thread, not copied', async () => {
    const images = recordImages(['a'], [1], { offset: [0], length: [1], labels: [5] });
    const worker = new Worker(
      "const { workerData, parentPort } = require('node:worker_threads'); workerData.labels[0] += 1; parentPort.postMessage(0);",
      { eval: true, workerData: images },
    );
    await new Promise((resolve) => worker.once('exit', resolve));
    assert.equal(images.labels[0], 6);
  });
});

describe('readRecordImage', () => {
  it('gives the encoded image and the name of any record', () =>
    withRecords(async (images, files) => {
      for (const [index, content] of [
        [1, 'image two'],
        [0, 'image one'],
      ] as const) {
        const { bytes, name } = await readRecordImage(images, index, files);
        assert.equal(Buffer.from(bytes).toString(), content);
        assert.equal(name, `train-00001-of-00002:${index}`);
      }
    }));

  it('throws an ImageError that names the record where its payload was changed', () =>
    withRecords(async (images, files, path) => {
      const content = await readFile(path);
      await writeFile(path, content.fill('I', content.length - 6, content.length - 5));
      await readRecordImage(images, 0, files);
      const offset = images.offset[1];
      await assert.rejects(readRecordImage(images, 1, files), (error: unknown) => {
        assert.ok(error instanceof ImageError);
        assert.match(error.message, /^Expected an image in train-00001-of-00002:1 but its record/);
        assert.match(
          error.reason,
          /^its record is damaged \(expected a payload of masked CRC-32C 0x[0-9a-f]{8}, received one of 0x[0-9a-f]{8}\) at byte/,
        );
        assert.ok(error.reason.endsWith(`at byte ${offset} of ${path}`));
        return true;
      });
    }));

  it('throws an ImageError where the file ends before the record does', () =>
    withRecords(async (images, files, path) => {
      await truncate(path, images.offset[1] + 20);
      await assert.rejects(readRecordImage(images, 1, files), {
        name: 'ImageError',
        message: /\(expected \d+ bytes, received the end of the file after 20\)/,
      });
    }));

  it('throws an ImageError where another record lies there now', () =>
    withRecords(async (images, files, path) => {
      await writeRecords(path, [PAYLOADS[0].subarray(1), PAYLOADS[1]]);
      await assert.rejects(readRecordImage(images, 0, files), {
        name: 'ImageError',
        message: /expected a payload of \d+ bytes, as indexed, received \d+/,
      });
    }));

  it('throws an ImageError where the file is gone', () =>
    withRecords(async (images, files, path) => {
      await rm(path);
      await assert.rejects(readRecordImage(images, 0, files), {
        name: 'ImageError',
        message: /^Expected an image in train-00001-of-00002:0 but it cannot be read \(ENOENT/,
        remedy: 'Check the path.',
      });
    }));

  it('throws an ImageError where the record is no Example or holds no image', () =>
    withRecords(
      async (images, files) => {
        await assert.rejects(readRecordImage(images, 0, files), {
          name: 'ImageError',
          message: /expected a serialized tf\.train\.Example, received 5 bytes that do not parse/,
        });
        await assert.rejects(readRecordImage(images, 1, files), {
          name: 'ImageError',
          message:
            /expected one bytes value for image\/encoded, received only image, label\) at byte 21/,
        });
      },
      [Buffer.from('hello'), example({ image: bytesOf('x'), label: int64Of(1) })],
    ));

  it('gives the image or an ImageError, whatever happened to the file', () =>
    withRecords(async (images, files, path) => {
      const whole = await readFile(path);
      const edit = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
      const property = fc.asyncProperty(
        fc.array(edit, { maxLength: 3 }),
        fc.nat(whole.length),
        async (edits, length) => {
          const bytes = Buffer.from(whole);
          for (const { at, byte } of edits) bytes[at] = byte;
          await writeFile(path, bytes.subarray(0, length));
          for (const [index, content] of ['image one', 'image two'].entries()) {
            try {
              const { bytes: image } = await readRecordImage(images, index, files);
              assert.equal(Buffer.from(image).toString(), content);
            } catch (error) {
              assert.ok(error instanceof ImageError, String(error));
            }
          }
        },
      );
      await fc.assert(property, { numRuns: 200 });
    }));
});
