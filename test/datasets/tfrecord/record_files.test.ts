import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordFiles } from '../../../datasets/tfrecord/record_files.ts';
import { inFolder } from '../../support/in_folder.ts';

/** Runs `body` with the paths of six files of the content "<n>abcdef". */
function withFiles(body: (paths: readonly string[]) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const paths = Array.from({ length: 6 }, (_, n) => join(folder, `${n}`));
    for (const [n, path] of paths.entries()) await writeFile(path, `${n}abcdef`);
    await body(paths);
  });
}

describe('RecordFiles', () => {
  it('reads at any position, fewer bytes at the end of the file', () =>
    withFiles(async ([path]) => {
      const files = new RecordFiles();
      assert.equal(Buffer.from(await files.read(path, 2, 3)).toString(), 'bcd');
      assert.equal(Buffer.from(await files.read(path, 5, 9)).toString(), 'ef');
      assert.equal((await files.read(path, 50, 9)).length, 0);
      await files.close();
    }));

  it('keeps files open, at most as many as told, and closes them all', () =>
    withFiles(async (paths) => {
      const files = new RecordFiles(2);
      for (const path of [...paths, ...paths]) {
        await files.read(path, 0, 1);
        assert.ok(files.openCount <= 2);
      }
      assert.equal(files.openCount, 2);
      await files.close();
      assert.equal(files.openCount, 0);
    }));

  it('reads many files at once with few of them kept', () =>
    withFiles(async (paths) => {
      const files = new RecordFiles(1);
      const orders = [...paths, ...paths.toReversed(), ...paths];
      const read = await Promise.all(orders.map((path) => files.read(path, 0, 1)));
      const first = read.map((bytes) => Number(Buffer.from(bytes).toString()));
      assert.deepEqual(first, [0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0, 0, 1, 2, 3, 4, 5]);
      assert.equal(files.openCount, 1);
      await files.close();
    }));

  it('can be read again after it was closed', () =>
    withFiles(async ([path]) => {
      const files = new RecordFiles();
      await files.read(path, 0, 1);
      await files.close();
      assert.equal((await files.read(path, 0, 7)).length, 7);
      await files.close();
    }));

  it("throws the system's error for a missing file, and reads it once it is there", () =>
    withFiles(async ([path]) => {
      const files = new RecordFiles();
      const late = `${path}-late`;
      await assert.rejects(Promise.all([files.read(late, 0, 1), files.read(late, 1, 1)]), {
        code: 'ENOENT',
      });
      assert.equal(files.openCount, 0);
      await writeFile(late, 'x');
      assert.equal((await files.read(late, 0, 1)).length, 1);
      await files.close();
    }));
});
