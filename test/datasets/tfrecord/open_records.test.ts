import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { IMAGENET_CLASSES } from '../../../datasets/imagenet/imagenet_classes.ts';
import { decodeImage } from '../../../datasets/images/decode_image.ts';
import { openRecords } from '../../../datasets/tfrecord/open_records.ts';
import { RecordFiles } from '../../../datasets/tfrecord/record_files.ts';
import {
  type RecordImages,
  readRecordImage,
  recordName,
} from '../../../datasets/tfrecord/record_images.ts';
import { findRecordShards } from '../../../datasets/tfrecord/record_shards.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { bytesOf, example, imageExample, int64Of, writeRecords } from './support.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');

interface Written {
  readonly name: string;
  readonly synset: string;
  readonly height: number;
  readonly width: number;
  readonly colour: readonly number[];
  readonly payloadBytes: number;
  readonly encodedSha256: string;
}

/** Writes files of the given records and opens them; the cache lies in `folder`/cache. */
async function opened(
  folder: string,
  files: Readonly<Record<string, readonly Uint8Array[]>>,
  options: { reporter?: ReturnType<typeof recordingReporter>; signal?: AbortSignal } = {},
) {
  for (const [name, payloads] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeRecords(join(folder, name), payloads);
  }
  return reopened(folder, options);
}

async function reopened(
  folder: string,
  options: {
    reporter?: ReturnType<typeof recordingReporter>;
    signal?: AbortSignal;
    cacheDir?: string;
  } = {},
) {
  const sets = await findRecordShards(folder);
  assert.ok(sets);
  return openRecords(sets, {
    cacheDir: join(folder, 'cache'),
    reporter: SILENT_REPORTER,
    ...options,
  });
}

const RECORDS = {
  'train-00000-of-00002': [imageExample(1, 'a'), imageExample(271, 'b')],
  'train-00001-of-00002': [imageExample(1000, 'c')],
};

/** The columns as plain arrays. */
function plain(images: RecordImages | undefined) {
  assert.ok(images);
  const { first, shard, offset, length, labels } = images;
  return [first, shard, offset, length, labels].map((column) => [...column]);
}

async function indexFile(folder: string): Promise<string> {
  const [name, ...others] = await readdir(join(folder, 'cache/record-indexes'));
  assert.deepEqual(others, []);
  return join(folder, 'cache/record-indexes', name);
}

describe('openRecords', () => {
  it('finds and reads every image that TensorFlow wrote', () =>
    inFolder(async (folder) => {
      const { splits } = await reopened(FIXTURES, { cacheDir: folder });
      const images = splits.validation;
      assert.ok(images);
      assert.equal(splits.train, undefined);
      const written = JSON.parse(await readFile(join(FIXTURES, 'records.json'), 'utf8'));
      const records = written.records as readonly Written[];
      assert.equal(images.labels.length, records.length);
      const files = new RecordFiles();
      for (const [index, record] of records.entries()) {
        assert.equal(IMAGENET_CLASSES[images.labels[index]].wnid, record.synset);
        assert.equal(images.length[index], record.payloadBytes);
        const { bytes, name } = await readRecordImage(images, index, files);
        assert.equal(name, record.name);
        assert.equal(createHash('sha256').update(bytes).digest('hex'), record.encodedSha256);
        const { data, height, width } = await decodeImage(bytes, name);
        assert.deepEqual([height, width], [record.height, record.width]);
        for (const [i, value] of record.colour.entries()) {
          assert.ok(Math.abs(data[i] - value) <= 3, `${data.subarray(0, 3)} for ${record.colour}`);
        }
      }
      await files.close();
    }));

  it('opens the splits that are there', () =>
    inFolder(async (folder) => {
      const { splits } = await opened(folder, {
        'train/train-00000-of-00001': [imageExample(1, 'a')],
        'validation/validation-00000-of-00001': [imageExample(2, 'b'), imageExample(3, 'c')],
      });
      assert.deepEqual([...splits.train!.labels], [0]);
      assert.deepEqual([...splits.validation!.labels], [1, 2]);
      assert.equal(recordName(splits.validation!, 1), 'validation-00000-of-00001:1');
    }));

  it('reports how many bytes of all files it has read, and ends the piece of work', () =>
    inFolder(async (folder) => {
      const reporter = recordingReporter();
      await opened(folder, RECORDS, { reporter });
      const sets = await findRecordShards(folder);
      const size = sets!.train!.reduce((sum, { bytes }) => sum + bytes, 0);
      assert.deepEqual(reporter.work, [
        { label: 'Indexing the train records', done: size, ends: 1 },
      ]);
      assert.deepEqual(reporter.messages, []);
    }));

  it('reads the files once and then its index of them', () =>
    inFolder(async (folder) => {
      const first = await opened(folder, RECORDS);
      const reporter = recordingReporter();
      const second = await reopened(folder, { reporter });
      assert.deepEqual(reporter.work, []);
      assert.deepEqual(second.splits.train?.shards, first.splits.train?.shards);
      assert.deepEqual(plain(second.splits.train), plain(first.splits.train));
      assert.equal(second.fingerprint, first.fingerprint);
    }));

  it('uses the index of the same files elsewhere', () =>
    inFolder(async (folder) => {
      const cacheDir = join(folder, 'index');
      await opened(join(folder, 'a'), RECORDS);
      await reopened(join(folder, 'a'), { cacheDir });
      await cp(join(folder, 'a'), join(folder, 'b'), { recursive: true, preserveTimestamps: true });
      const reporter = recordingReporter();
      const { splits } = await reopened(join(folder, 'b'), { cacheDir, reporter });
      assert.deepEqual(reporter.work, []);
      assert.equal(splits.train?.shards[0], join(folder, 'b/train-00000-of-00002'));
    }));

  it('reads the files again when one has another size or time of change', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'train-00001-of-00002');
      await opened(folder, RECORDS);
      await writeRecords(path, [imageExample(5, 'another image')]);
      const { splits } = await reopened(folder);
      assert.deepEqual([...splits.train!.labels], [0, 270, 4]);
      await utimes(path, new Date(), new Date(2000, 1, 1));
      const reporter = recordingReporter();
      await reopened(folder, { reporter });
      assert.equal(reporter.work.length, 1);
    }));

  it('makes a damaged index anew and says so in one line', () =>
    inFolder(async (folder) => {
      const expected = plain((await opened(folder, RECORDS)).splits.train);
      const path = await indexFile(folder);
      const whole = await readFile(path);
      const edits = fc.oneof(
        fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
        fc
          .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
          .map(([at, change]) => whole.with(at, whole[at] ^ change)),
        fc.uint8Array({ minLength: 1, maxLength: 30 }).map((more) => Buffer.concat([whole, more])),
      );
      const property = fc.asyncProperty(edits, async (damaged) => {
        await writeFile(path, damaged);
        const reporter = recordingReporter();
        assert.deepEqual(plain((await reopened(folder, { reporter })).splits.train), expected);
        assert.deepEqual(reporter.messages, [
          `The index of the records at ${path} is made anew: it is damaged.`,
        ]);
        assert.deepEqual(await readFile(path), whole);
      });
      await fc.assert(property, { numRuns: 50 });
    }));

  it('warns where the index can neither be read nor kept, and goes on', () =>
    inFolder(async (folder) => {
      await opened(folder, RECORDS);
      const path = await indexFile(folder);
      const cacheDir = join(folder, 'other');
      await mkdir(path.replace(join(folder, 'cache'), cacheDir), { recursive: true });
      const reporter = recordingReporter();
      const { splits } = await reopened(folder, { cacheDir, reporter });
      assert.equal(splits.train?.labels.length, 3);
      assert.equal(reporter.messages.length, 2);
      assert.match(reporter.messages[0], /is made anew: it cannot be read \(EISDIR/);
      assert.match(
        reporter.messages[1],
        /^The next run has to read all records again: their index/,
      );
    }));

  it('has the same fingerprint wherever the files lie, and another for other sizes or labels', () =>
    inFolder(async (folder) => {
      const variants: Record<string, Record<string, Uint8Array[]>> = {
        a: RECORDS,
        b: Object.fromEntries(
          Object.entries(RECORDS).map(([name, records]) => [`train/${name}`, records]),
        ),
        size: { ...RECORDS, 'train-00001-of-00002': [imageExample(1000, 'longer')] },
        label: { ...RECORDS, 'train-00001-of-00002': [imageExample(999, 'c')] },
        split: Object.fromEntries(
          Object.entries(RECORDS).map(([name, r]) => [name.replace('train', 'validation'), r]),
        ),
      };
      const prints: Record<string, string> = {};
      for (const [name, files] of Object.entries(variants)) {
        prints[name] = (await opened(join(folder, name), files)).fingerprint;
      }
      assert.match(prints.a, /^[0-9a-f]{64}$/);
      assert.equal(prints.a, prints.b);
      assert.equal(new Set(Object.values(prints)).size, 4);
    }));

  it("ends with the signal's reason when aborted, and keeps no index", () =>
    inFolder(async (folder) => {
      const reporter = recordingReporter();
      const signal = AbortSignal.abort(new Error('enough'));
      await assert.rejects(opened(folder, RECORDS, { reporter, signal }), { message: 'enough' });
      assert.equal(reporter.work[0].ends, 1);
      await assert.rejects(indexFile(folder), { code: 'ENOENT' });
    }));

  it('refuses files without a record', () =>
    inFolder(async (folder) => {
      const files = { 'train-00000-of-00002': [], 'train-00001-of-00002': [] };
      await assert.rejects(opened(folder, files), {
        name: 'UserError',
        message: /^Expected records in the train files .* but they are empty\.$/,
      });
    }));

  it('names file, record and byte of a record that cannot be used', () =>
    inFolder(async (folder) => {
      const lacking = example({ 'image/encoded': bytesOf('x'), label: int64Of(1) });
      const files = { 'train-00000-of-00001': [imageExample(1, 'a'), lacking] };
      const path = join(folder, 'train-00000-of-00001');
      await assert.rejects(opened(folder, files), {
        name: 'UserError',
        message: new RegExp(
          `^Expected one int64 value for image/class/label in record 1 at byte \\d+ of ${path} but received only image/encoded, label\\.$`,
        ),
      });
      await writeRecords(path, [imageExample(1, 'a')]);
      await appendFile(path, 'tail');
      await assert.rejects(reopened(folder), {
        name: 'UserError',
        message: /^Expected a header of 12 bytes in record 1 .* after 4\.$/,
      });
    }));
});
