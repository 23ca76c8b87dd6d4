import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openFashionMnist } from '../../../datasets/fashion_mnist/fashion_mnist.ts';
import type { ArtifactSource } from '../../../datasets/open_options.ts';
import type { Route } from '../../../foundation/downloads/fetch_artifact.ts';
import { UserError } from '../../../foundation/errors.ts';
import { cacheDir } from '../../../foundation/files/cache_dir.ts';
import { sha256OfBytes } from '../../../foundation/hashes/sha256.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { skip } from '../../support/skip.ts';
import { collect, writeTree } from '../support.ts';

const NAMES = [
  'train-images-idx3-ubyte.gz',
  'train-labels-idx1-ubyte.gz',
  't10k-images-idx3-ubyte.gz',
  't10k-labels-idx1-ubyte.gz',
];

const FORGED = gzipSync('not Fashion-MNIST');

/** Gives forged files by the routes of the kinds in `working`, and keeps what it was asked for. */
function fakeSource(working: readonly Route['kind'][]): ArtifactSource & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async fetchArtifact({ name, routes, cacheDir: cache }) {
      const [route] = routes;
      asked.push(`${route.kind} ${name}`);
      if (!working.includes(route.kind)) throw new UserError(`${route.kind} does not answer`);
      const path = join(cache, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, FORGED);
      return { path, route };
    },
    async unpackDeb(deb, folder) {
      asked.push(`unpack ${deb.slice(deb.lastIndexOf('/') + 1)}`);
      const files = NAMES.map((name) => [`usr/share/datasets/fashion-mnist/${name}`, FORGED]);
      await writeTree(folder, Object.fromEntries(files));
    },
  };
}

const DEB = 'dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb';

describe('openFashionMnist', () => {
  it('fetches the four official files and refuses contents with another SHA-256', () =>
    inFolder(async (folder) => {
      const source = fakeSource(['url']);
      const options = { cacheDir: folder, reporter: SILENT_REPORTER, source };
      await assert.rejects(openFashionMnist(options), {
        name: 'UserError',
        message: `Expected SHA-256 c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888 for the content of ${join(folder, 'fashion-mnist', NAMES[0])} but received ${sha256OfBytes('not Fashion-MNIST')}.`,
      });
      assert.deepEqual(
        source.asked,
        NAMES.map((name) => `url fashion-mnist/${name}`),
      );
    }));

  it("turns to Debian's package once the official address fails, verifies its contents too, and unpacks it once", () =>
    inFolder(async (folder) => {
      const source = fakeSource(['apt']);
      const reporter = recordingReporter();
      const options = { cacheDir: folder, reporter, source };
      await assert.rejects(openFashionMnist(options), /^UserError: Expected SHA-256 c59f468a/);
      assert.deepEqual(source.asked, [
        `url fashion-mnist/${NAMES[0]}`,
        `apt ${DEB}`,
        `unpack ${DEB}`,
      ]);
      assert.match(reporter.messages[0], /official address gave nothing; trying Debian's package/);
      await assert.rejects(openFashionMnist(options), /^UserError: Expected SHA-256 c59f468a/);
      assert.equal(source.asked.length, 3);
    }));

  it('names both failures where no route works', () =>
    inFolder(async (folder) => {
      const options = { cacheDir: folder, reporter: SILENT_REPORTER, source: fakeSource([]) };
      await assert.rejects(openFashionMnist(options), (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.message, 'url does not answer\n  apt does not answer');
        assert.match(error.remedy ?? '', /put train-images-idx3-ubyte\.gz, .* into a folder/);
        return true;
      });
    }));

  it('does not take an abort for a failed route', () =>
    inFolder(async (folder) => {
      const source: ArtifactSource = {
        ...fakeSource([]),
        fetchArtifact: () => Promise.reject(new DOMException('stopped', 'AbortError')),
      };
      const options = { cacheDir: folder, reporter: SILENT_REPORTER, source };
      await assert.rejects(openFashionMnist(options), { name: 'AbortError' });
    }));

  it('names a missing file of a given folder, and one that is not gzip', () =>
    inFolder(async (folder) => {
      const options = { dir: folder, cacheDir: folder, reporter: SILENT_REPORTER };
      await assert.rejects(openFashionMnist(options), {
        name: 'UserError',
        message: /^Expected train-images-idx3-ubyte\.gz in .* but ENOENT/,
      });
      await writeTree(folder, { [NAMES[0]]: 'not gzip' });
      await assert.rejects(openFashionMnist(options), {
        name: 'UserError',
        message: /^Expected a gzip file at .*train-images-idx3-ubyte\.gz but incorrect header/,
      });
    }));

  it('reads the published 60,000 and 10,000 images', async function () {
    const cache = cacheDir();
    const fetched = [`fashion-mnist/${NAMES[0]}`, DEB].some((name) =>
      existsSync(join(cache, name)),
    );
    if (!fetched) {
      skip(this, 'not in the cache; `tf8 train --dataset fashion-mnist` fetches it');
    }
    const dataset = await openFashionMnist({ cacheDir: cache, reporter: SILENT_REPORTER });
    assert.deepEqual([dataset.count('train'), dataset.count('test')], [60_000, 10_000]);
    // The data set's own test labels begin: Ankle boot, Pullover, Trouser, Trouser, Shirt.
    const [batch] = await collect(dataset, { batchSize: 5, limit: 5, resolution: 28 });
    assert.deepEqual([...batch.labels], [9, 2, 1, 1, 6]);
    assert.deepEqual(
      batch.names,
      [0, 1, 2, 3, 4].map((index) => `test/${index}`),
    );
    // Each class has 1000 test images.
    const labels = (await collect(dataset, { batchSize: 10_000, resolution: 1 }))[0].labels;
    const counts = dataset.classNames.map((_, label) => labels.filter((l) => l === label).length);
    assert.deepEqual(counts, new Array(10).fill(1000));
    // The fingerprint stands for the contents, by whichever route they came.
    assert.equal(
      dataset.fingerprint,
      'ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f',
    );
  });
});
