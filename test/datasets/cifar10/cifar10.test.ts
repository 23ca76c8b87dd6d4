import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { create } from 'tar';
import { openCifar10 } from '../../../datasets/cifar10/cifar10.ts';
import { CIFAR10_BINARY_FILES } from '../../../datasets/cifar10/cifar10_binary.ts';
import { readImageTar } from '../../../datasets/cifar10/cifar10_tar.ts';
import type { SkippedImage } from '../../../datasets/dataset.ts';
import { selectIndices } from '../../../datasets/order/order.ts';
import type { fetchArtifact } from '../../../foundation/downloads/fetch_artifact.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { sharedFolder } from '../../support/skip.ts';
import { collect, noise, recordingReporter, solid, writeTree } from '../support.ts';

/** One record: label, then a red, a green and a blue plane, each of one value. */
function record(label: number, [red, green, blue]: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(3073);
  bytes[0] = label;
  bytes.fill(red, 1, 1025).fill(green, 1025, 2049).fill(blue, 2049);
  return bytes;
}

/** The six files with one or two small records each, in `folder`/cifar-10-batches-bin. */
async function writeBinary(
  folder: string,
  changed: Record<string, Uint8Array> = {},
): Promise<void> {
  const files = CIFAR10_BINARY_FILES.map((name, i) => [name, record(i, [255, 0, 255])]);
  const all: Record<string, Uint8Array> = { ...Object.fromEntries(files), ...changed };
  for (const [name, bytes] of Object.entries(all)) {
    await writeTree(folder, { [`cifar-10-batches-bin/${name}`]: bytes });
  }
}

async function pack(folder: string): Promise<string> {
  const file = join(folder, 'cifar-10-binary.tar.gz');
  await create({ file, cwd: folder, gzip: true }, ['cifar-10-batches-bin']);
  return file;
}

const open = (dir: string) => openCifar10({ dir, cacheDir: '/nowhere', reporter: SILENT_REPORTER });

describe('openCifar10', () => {
  it('reads the binary archive: planes interleaved, batches 1 … 5 as the train split', () =>
    inFolder(async (folder) => {
      const second = Buffer.concat([record(8, [0, 255, 0]), record(9, [0, 0, 0])]);
      await writeBinary(folder, { 'data_batch_2.bin': second });
      const dataset = await open(await pack(folder));
      assert.equal(dataset.name, 'cifar10');
      assert.deepEqual([dataset.count('train'), dataset.count('test')], [6, 1]);
      const batches = await collect(dataset, { split: 'train', batchSize: 4, resolution: 1 });
      assert.deepEqual(
        batches.map(({ labels }) => [...labels]),
        [
          [0, 8, 9, 2],
          [3, 4],
        ],
      );
      const magenta = [1, -1, 1];
      assert.deepEqual([...batches[0].images], [...magenta, -1, 1, -1, -1, -1, -1, ...magenta]);
      const [test] = await collect(dataset);
      assert.deepEqual([...test.labels], [5]);
      assert.deepEqual(test.names, ['test/0']);
    }));

  it('orders the images of the archive by the seed, and cuts the order by skip and limit', () =>
    inFolder(async (folder) => {
      await writeBinary(folder);
      const dataset = await open(folder);
      for (const selection of [{ seed: 3 }, { seed: 3, skip: 1, limit: 2 }, { limit: 4 }]) {
        const batches = await collect(dataset, { split: 'train', ...selection });
        assert.deepEqual(
          batches.flatMap(({ labels }) => [...labels]),
          [...selectIndices(5, selection)],
        );
      }
    }));

  it('reads the unpacked files, from their folder or the one above, with the same fingerprint', () =>
    inFolder(async (folder) => {
      await writeBinary(folder);
      const datasets = await Promise.all([
        open(folder),
        open(join(folder, 'cifar-10-batches-bin')),
        open(await pack(folder)),
      ]);
      assert.equal(new Set(datasets.map(({ fingerprint }) => fingerprint)).size, 1);
      await writeBinary(folder, { 'test_batch.bin': record(0, [1, 2, 3]) });
      assert.notEqual((await open(folder)).fingerprint, datasets[0].fingerprint);
    }));

  it('fetches the official archive, pinned, where no folder is given', () =>
    inFolder(async (folder) => {
      await writeBinary(folder);
      const path = await pack(folder);
      const asked: Parameters<typeof fetchArtifact>[0][] = [];
      const source = {
        fetchArtifact: async (options: Parameters<typeof fetchArtifact>[0]) => {
          asked.push(options);
          return { path, route: options.routes[0] };
        },
        unpackDeb: () => assert.fail('no package is needed'),
      };
      const dataset = await openCifar10({ cacheDir: folder, reporter: SILENT_REPORTER, source });
      assert.equal(dataset.count('train'), 5);
      assert.deepEqual(asked[0].routes, [
        {
          kind: 'url',
          url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
          sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
        },
      ]);
      assert.equal(dataset.origin, asked[0].routes[0].kind === 'url' && asked[0].routes[0].url);
    }));

  it('refuses a truncated archive and a file that is none', () =>
    inFolder(async (folder) => {
      await writeBinary(folder);
      const path = await pack(folder);
      const bytes = await readFile(path);
      await writeFile(path, bytes.subarray(0, bytes.length / 2));
      await assert.rejects(open(path), {
        name: 'UserError',
        message: /^Expected CIFAR-10's binary archive at .*\.tar\.gz but ./,
      });
      await writeFile(path, 'text'.repeat(1000));
      await assert.rejects(open(path), /^UserError: Expected CIFAR-10's binary archive at/);
    }));

  it('refuses an archive that lacks a file or holds one that is too large', () =>
    inFolder(async (folder) => {
      const tooLarge = new Uint8Array(10_001 * 3073);
      randomFillSync(tooLarge, 0, 500_000); // All zeros would trip tar's own guard against bombs.
      await writeBinary(folder, { 'test_batch.bin': tooLarge });
      await assert.rejects(open(await pack(folder)), {
        message: /but it holds test_batch\.bin of 30733073 bytes\.$/,
      });
      await rm(join(folder, 'cifar-10-batches-bin/test_batch.bin'));
      await assert.rejects(open(await pack(folder)), /but it holds no test_batch\.bin\.$/);
    }));

  it('names the file whose records are truncated, missing or mislabelled', () =>
    inFolder(async (folder) => {
      await writeBinary(folder, { 'data_batch_3.bin': new Uint8Array(3072) });
      await assert.rejects(open(folder), {
        name: 'UserError',
        message: 'Expected records of 3073 bytes in data_batch_3.bin but received 3072 bytes.',
      });
      await writeBinary(folder, { 'data_batch_3.bin': new Uint8Array() });
      await assert.rejects(open(folder), /in data_batch_3\.bin but received 0 bytes/);
      await writeBinary(folder, { 'data_batch_3.bin': record(10, [0, 0, 0]) });
      await assert.rejects(open(folder), {
        message: 'Expected a label in [0, 9] for image 0 of data_batch_3.bin but received 10.',
      });
      await rm(join(folder, 'cifar-10-batches-bin/data_batch_3.bin'));
      await assert.rejects(open(folder), {
        name: 'UserError',
        message: /^Expected data_batch_3\.bin in .* but ENOENT/,
      });
    }));

  it('reads class folders, keeps decoded images, and skips images of another size', () =>
    inFolder(async (folder) => {
      const white = await solid(32, 32, 'white').png().toBuffer();
      await writeTree(folder, {
        'train/truck/a.png': white,
        'train/airplane/b.png': await solid(32, 32, 'black').png().toBuffer(),
        'test/cat/c.png': white,
        'test/cat/d.png': await solid(31, 32, 'white').png().toBuffer(),
      });
      const dataset = await open(folder);
      const [train] = await collect(dataset, { split: 'train' });
      assert.deepEqual(train.names, ['train/airplane/b.png', 'train/truck/a.png']);
      assert.deepEqual([...train.labels], [0, 9]);
      assert.deepEqual([...train.images], [...Array(12).fill(-1), ...Array(12).fill(1)]);
      const skipped: SkippedImage[] = [];
      const onSkip = (image: SkippedImage) => skipped.push(image);
      const [test] = await collect(dataset, { onSkip });
      assert.deepEqual(test.names, ['test/cat/c.png']);
      const reason = 'it has 31 × 32 pixels where 32 × 32 are needed';
      assert.deepEqual(skipped, [{ name: 'test/cat/d.png', reason }]);
      await rm(join(folder, 'train'), { recursive: true });
      assert.deepEqual(await collect(dataset, { split: 'train' }), [train]);
    }));

  it('refuses unknown classes, empty splits and folders that hold nothing of CIFAR-10', () =>
    inFolder(async (folder) => {
      await assert.rejects(open(folder), {
        name: 'UserError',
        message: /^Expected CIFAR-10 in .* but found no folders and no data_batch_1\.bin\.$/,
      });
      await writeTree(folder, { 'train/cat/a.png': 'x' });
      await assert.rejects(open(folder), /but found the folders train and no data_batch_1\.bin/);
      await writeTree(folder, { 'test/cat/a.txt': 'x' });
      await assert.rejects(open(folder), /Expected image files in the class folders of .*test but/);
      await writeTree(folder, { 'test/wolf/a.png': 'x' });
      await assert.rejects(open(folder), /Expected the classes of CIFAR-10 in .* folder wolf\.$/);
      await assert.rejects(open(join(folder, 'none')), /none but there is no such folder/);
    }));

  describe('as train.tar and test.tar', () => {
    /** Packs what `files` names of each split, as `tar` would. */
    async function packSplits(
      folder: string,
      files: Readonly<Record<string, Uint8Array | string>>,
    ): Promise<void> {
      await writeTree(join(folder, 'unpacked'), files);
      for (const split of ['train', 'test']) {
        await create({ file: join(folder, `${split}.tar`), cwd: join(folder, 'unpacked') }, [
          split,
        ]);
      }
    }

    async function someFiles(): Promise<Record<string, Uint8Array | string>> {
      return {
        'train/truck/a.png': await solid(32, 32, 'white').png().toBuffer(),
        'train/airplane/b.png': await solid(32, 32, 'black').png().toBuffer(),
        'test/cat/c.png': await noise(32, 32).png().toBuffer(),
        'test/cat/d.png': await solid(31, 32, 'white').png().toBuffer(),
      };
    }

    it('gives the batches of the same files in folders', () =>
      inFolder(async (folder) => {
        await packSplits(folder, await someFiles());
        const [packed, unpacked] = [await open(folder), await open(join(folder, 'unpacked'))];
        for (const split of ['train', 'test'] as const) {
          assert.equal(packed.count(split), 2);
          const options = { split, resolution: 8, seed: 5 };
          assert.deepEqual(await collect(packed, options), await collect(unpacked, options));
        }
        const skipped: SkippedImage[] = [];
        await collect(packed, { onSkip: (image) => skipped.push(image) });
        const reason = 'it has 31 × 32 pixels where 32 × 32 are needed';
        assert.deepEqual(skipped, [{ name: 'test/cat/d.png', reason }]);
      }));

    it('gives worker threads the archive’s memory', () =>
      inFolder(async (folder) => {
        const image = await noise(32, 32).png().toBuffer();
        const many = Array.from({ length: 400 }, (_, n) => [`train/cat/${1000 + n}.png`, image]);
        await packSplits(folder, { ...Object.fromEntries(many), 'test/cat/a.png': image });
        const options = { split: 'train', batchSize: 200, resolution: 4 } as const;
        const [first, second] = await collect(await open(folder), options);
        assert.equal(second.names[199], 'train/cat/1399.png');
        assert.deepEqual(second.images, first.images);
      }));

    it('has a fingerprint of the content', () =>
      inFolder(async (folder) => {
        const files = await someFiles();
        await packSplits(folder, files);
        const { fingerprint } = await open(folder);
        assert.equal((await open(folder)).fingerprint, fingerprint);
        const changed = Uint8Array.from(files['test/cat/c.png'] as Uint8Array);
        changed[changed.length - 20]++; // of equal length
        await packSplits(folder, { ...files, 'test/cat/c.png': changed });
        assert.notEqual((await open(folder)).fingerprint, fingerprint);
      }));

    it('leaves out what is no image of the split, and says so', () =>
      inFolder(async (folder) => {
        const files = await someFiles();
        await packSplits(folder, { ...files, 'test/cat/note.txt': 'x', 'test/cat/of/e.png': 'x' });
        const reporter = recordingReporter();
        const dataset = await openCifar10({ dir: folder, cacheDir: '/nowhere', reporter });
        assert.equal(dataset.count('test'), 2);
        assert.match(reporter.messages[0], /^Left out 2 entries .*, such as test\/cat\//);
      }));

    it('refuses an archive that is cut within a file, between two files, or none', () =>
      inFolder(async (folder) => {
        await packSplits(folder, await someFiles());
        const path = join(folder, 'test.tar');
        const bytes = await readFile(path);
        const end = bytes.lastIndexOf('ustar') - 257; // where the last entry begins
        for (const [cut, reason] of [
          [bytes.subarray(0, end + 600), /Truncated input/],
          [bytes.subarray(0, end), /its end is missing: it is truncated\.$/],
          ['text'.repeat(1000), /checksum|Unrecognized|header/i],
        ] as const) {
          await writeFile(path, cut);
          await assert.rejects(open(folder), {
            name: 'UserError',
            message: new RegExp(`^Expected a tar archive of CIFAR-10's images at ${path} but `),
          });
          await assert.rejects(open(folder), { message: reason });
        }
      }));

    it('refuses unknown classes and archives without images', () =>
      inFolder(async (folder) => {
        await packSplits(folder, { 'train/wolf/a.png': 'x', 'test/cat/a.png': 'x' });
        await assert.rejects(
          open(folder),
          /train\.tar but it holds the class wolf; the classes are/,
        );
        await rm(join(folder, 'unpacked'), { recursive: true });
        await packSplits(folder, { 'train/cat/a.png': 'x', 'test/cat/a.txt': 'x' });
        await assert.rejects(open(folder), /test\.tar but it holds no image test\/<class>\/<file>/);
      }));

    it('refuses images that would fill the memory', () =>
      inFolder(async (folder) => {
        await packSplits(folder, { 'train/cat/a.png': 'x', 'test/cat/a.png': 'four' });
        const options = { classNames: ['cat'], reporter: SILENT_REPORTER, mostBytes: 3 };
        await assert.rejects(
          readImageTar(join(folder, 'test.tar'), { split: 'test', ...options }),
          /test\.tar but its images have 4 bytes, more than 3\.$/,
        );
      }));

    it('reads the real archives', async function () {
      const dataset = await open(dirname(sharedFolder(this, 'cifar-10/test.tar')));
      assert.deepEqual([dataset.count('train'), dataset.count('test')], [50_000, 10_000]);
      const [batch] = await collect(dataset, { batchSize: 3, limit: 3, resolution: 32 });
      assert.deepEqual(
        batch.names,
        ['0000', '0001', '0002'].map((n) => `test/airplane/${n}.jpg`),
      );
    });
  });

  it('reads JPEG files of the real data', async function () {
    const archive = sharedFolder(this, 'cifar-10/test.tar');
    await inFolder(async (folder) => {
      const names = ['airplane/0000', 'frog/0001', 'truck/0002'].map((n) => `test/${n}.jpg`);
      await promisify(execFile)('tar', ['-xf', archive, '-C', folder, ...names]);
      await writeTree(folder, { 'train/cat/a.png': await solid(32, 32, 'white').png().toBuffer() });
      const [batch] = await collect(await open(folder), { batchSize: 8, resolution: 96 });
      assert.deepEqual(batch.names, names);
      assert.deepEqual([...batch.labels], [0, 6, 9]);
      assert.deepEqual(batch.shape, [3, 96, 96, 3]);
    });
  });
});
