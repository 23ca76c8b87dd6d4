import assert from 'node:assert/strict';
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readRecordFile } from '../../../datasets/tfrecord/record_file.ts';
import { UserError } from '../../../foundation/errors.ts';
import { maskedCrc32c } from '../../../foundation/hashes/crc32c.ts';
import { inFolder } from '../../support/in_folder.ts';
import { frame, writeRecords } from './support.ts';

const PAYLOADS = ['first', '', 'the third record'].map((text) => Buffer.from(text));
const WHOLE = Buffer.concat(PAYLOADS.map(frame));
const FIXTURES = join(import.meta.dirname, 'fixtures');

async function recordsOf(path: string, chunkBytes?: number) {
  const records: { offset: number; payload: Uint8Array }[] = [];
  const options = chunkBytes === undefined ? {} : { chunkBytes };
  for await (const { offset, payload } of readRecordFile(path, options)) {
    records.push({ offset, payload: Buffer.from(payload) });
  }
  return records;
}

/** What reading a file of these bytes says; its path is replaced by FILE. */
function refusal(bytes: Uint8Array): Promise<UserError> {
  return inFolder(async (folder) => {
    const path = join(folder, 'f');
    await writeFile(path, bytes);
    const error = await recordsOf(path).then(
      () => assert.fail('the file was read'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof UserError, String(error));
    error.message = error.message.replaceAll(path, 'FILE');
    return error;
  });
}

/** A header that announces `length` bytes, with its right CRC. */
function header(length: bigint): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64LE(length);
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, 8)), 8);
  return bytes;
}

describe('readRecordFile', () => {
  it('gives the payloads in order, with the byte at which each record begins', () =>
    inFolder(async (folder) => {
      await writeRecords(join(folder, 'f'), PAYLOADS);
      assert.deepEqual(await recordsOf(join(folder, 'f')), [
        { offset: 0, payload: PAYLOADS[0] },
        { offset: 21, payload: PAYLOADS[1] },
        { offset: 37, payload: PAYLOADS[2] },
      ]);
    }));

  it('reads what TensorFlow wrote', async () => {
    const records = await recordsOf(join(FIXTURES, 'validation-00000-of-00002'));
    const content = JSON.parse(await readFile(join(FIXTURES, 'records.json'), 'utf8'));
    const written = content.records as { payloadBytes: number }[];
    assert.deepEqual(
      records.map(({ payload }) => payload.length),
      written.slice(0, 3).map(({ payloadBytes }) => payloadBytes),
    );
  });

  it('gives no record of an empty file', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'f'), '');
      assert.deepEqual(await recordsOf(join(folder, 'f')), []);
    }));

  it('gives the same records whatever pieces the file is read in', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'f');
      await writeFile(path, WHOLE);
      const expected = await recordsOf(path);
      for (const chunkBytes of [1, 2, 7, 21, 36, WHOLE.length]) {
        assert.deepEqual(await recordsOf(path, chunkBytes), expected, `${chunkBytes}`);
      }
    }));

  it('names record, byte, stored and computed CRC where the payload was changed', async () => {
    const error = await refusal(Buffer.from(WHOLE).fill('T', 49, 50));
    assert.match(
      error.message,
      /^Expected a payload of masked CRC-32C 0x[0-9a-f]{8} in record 2 at byte 37 of FILE but received one of 0x[0-9a-f]{8}\.$/,
    );
    assert.match(error.remedy!, /damaged/);
  });

  it('names record, byte, stored and computed CRC where the length was changed', async () => {
    const error = await refusal(Buffer.from(WHOLE).fill(1, 21, 22));
    assert.match(
      error.message,
      /^Expected a length of masked CRC-32C 0x[0-9a-f]{8} in record 1 at byte 21 of FILE but received one of 0x[0-9a-f]{8}\.$/,
    );
  });

  it('refuses a length beyond the end of the file without making room for it', async () => {
    for (const length of [6n, 2n ** 40n, 2n ** 64n - 1n]) {
      const error = await refusal(Buffer.concat([header(length), Buffer.alloc(9)]));
      assert.equal(
        error.message,
        `Expected ${length} bytes of payload and 4 of checksum in record 0 at byte 0 of FILE but received the end of the file after 9.`,
      );
    }
  });

  it('refuses a record of more than 256 MiB that the file does have', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'sparse');
      const file = await open(path, 'w');
      await file.write(header(2n ** 28n + 1n));
      await file.truncate(2 ** 28 + 17); // a hole that takes no room on the disk
      await file.close();
      await assert.rejects(recordsOf(path), {
        name: 'UserError',
        message: `Expected a payload of at most ${2 ** 28} bytes in record 0 at byte 0 of ${path} but received ${2 ** 28 + 1}.`,
        remedy: 'Write one image a record.',
      });
    }));

  it('refuses a file that ends within a header', async () => {
    const { message } = await refusal(WHOLE.subarray(0, 21 + 5));
    assert.equal(
      message,
      'Expected a header of 12 bytes in record 1 at byte 21 of FILE but received the end of the file after 5.',
    );
  });

  it('refuses a file cut off anywhere but between two records', async () => {
    for (let length = 1; length < WHOLE.length; length++) {
      if (length === 21 || length === 37) continue;
      const { message } = await refusal(WHOLE.subarray(0, length));
      assert.match(
        message,
        /in record \d at byte \d+ of FILE but received the end of the file after/,
      );
    }
  });

  it('refuses a file that is cut off while it is read', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'f');
      await writeRecords(path, [Buffer.alloc(8, 'a'), Buffer.alloc(200, 'b')]);
      const reading = async () => {
        for await (const _ of readRecordFile(path, { chunkBytes: 8 })) await truncate(path, 100);
      };
      await assert.rejects(reading(), {
        name: 'UserError',
        message: /^Expected a payload of 200 bytes in record 1 at byte 24 of .* after 64\.$/,
      });
    }));

  it('refuses a compressed file and says what to do', async () => {
    for (const name of ['gzip', 'zlib']) {
      await assert.rejects(recordsOf(join(FIXTURES, `${name}.tfrecord`)), {
        name: 'UserError',
        message: `Expected an uncompressed TFRecord file at ${join(FIXTURES, `${name}.tfrecord`)} but received one compressed by ${name}.`,
        remedy: /without a compression_type/,
      });
    }
    assert.match((await refusal(gzipSync(''))).message, /compressed by gzip/);
    assert.match((await refusal(deflateSync(''))).message, /compressed by zlib/);
  });

  it('reads a file whose first length looks like the beginning of a compressed one', () =>
    inFolder(async (folder) => {
      const payload = Buffer.alloc(0x9c78, 'x'); // a header that begins with 78 9c
      await writeRecords(join(folder, 'f'), [payload]);
      assert.equal((await recordsOf(join(folder, 'f'))).length, 1);
    }));

  it('refuses a missing file and a folder', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'd'));
      await assert.rejects(recordsOf(join(folder, 'none')), {
        name: 'UserError',
        message: /^Expected a TFRecord file at .*none but ENOENT/,
      });
      await assert.rejects(recordsOf(join(folder, 'd')), {
        name: 'UserError',
        message: /^Expected a TFRecord file at .*d but it is no file\.$/,
      });
    }));

  it("ends with the signal's reason when aborted", () =>
    inFolder(async (folder) => {
      const path = join(folder, 'f');
      await writeRecords(path, PAYLOADS);
      const controller = new AbortController();
      const reading = async () => {
        for await (const _ of readRecordFile(path, { signal: controller.signal })) {
          controller.abort(new Error('enough'));
        }
      };
      await assert.rejects(reading(), { message: 'enough' });
    }));

  it('gives records that were there, or an error for the user, whatever happened to the file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'f');
      const edit = fc.record({ at: fc.nat(WHOLE.length - 1), byte: fc.nat(255) });
      const property = fc.asyncProperty(
        fc.array(edit, { maxLength: 4 }),
        fc.nat(WHOLE.length),
        fc.uint8Array({ maxLength: 24 }),
        async (edits, length, appended) => {
          const bytes = Buffer.from(WHOLE);
          for (const { at, byte } of edits) bytes[at] = byte;
          await writeFile(path, Buffer.concat([bytes.subarray(0, length), appended]));
          let count = 0;
          try {
            for await (const { payload } of readRecordFile(path)) {
              assert.deepEqual(Buffer.from(payload), PAYLOADS[count]);
              count++;
            }
          } catch (error) {
            assert.ok(error instanceof UserError, String(error));
          }
        },
      );
      await fc.assert(property, { numRuns: 300 });
    }));
});
