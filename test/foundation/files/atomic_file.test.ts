import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../foundation/errors.ts';
import { writeFileAtomic } from '../../../foundation/files/atomic_file.ts';
import { inFolder } from '../../support/in_folder.ts';
import { skip } from '../../support/skip.ts';
import { namesIn } from '../support.ts';

describe('writeFileAtomic', () => {
  it('replaces a file and leaves no temporary file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.json');
      await writeFileAtomic(path, 'old');
      await writeFileAtomic(path, new Uint8Array([110, 101, 119]));
      assert.equal(await readFile(path, 'utf8'), 'new');
      assert.deepEqual(await namesIn(folder), ['a.json']);
    }));

  it('makes missing folders', () =>
    inFolder(async (folder) => {
      await writeFileAtomic(join(folder, 'a', 'b', 'c'), 'x');
      assert.deepEqual(await namesIn(join(folder, 'a', 'b')), ['c']);
    }));

  it('removes its temporary file when the target cannot be replaced', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'target', 'child'), { recursive: true });
      await assert.rejects(writeFileAtomic(join(folder, 'target'), 'x'));
      assert.deepEqual(await namesIn(folder), ['target']);
    }));

  it('says what is wrong with a path that no file can have', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      await symlink(join(folder, 'gone', 'away'), join(folder, 'link'));
      for (const [name, message] of [
        ['', /it is a folder/],
        ['file/x', /Expected a folder at .*file but a file/],
        ['file/a/x', /but a file is in its place/],
        ['link/x', /its folder cannot be made|but a file is in its place/],
        ['n'.repeat(300), /is too long/],
      ] as const) {
        await assert.rejects(writeFileAtomic(join(folder, name), 'x'), {
          name: 'UserError',
          message,
        });
      }
    }));

  it('names the folder that refuses, and keeps the old file', async function () {
    if (process.getuid?.() === 0) skip(this, 'root may write everywhere');
    await inFolder(async (folder) => {
      const path = join(folder, 'a');
      await writeFile(path, 'old');
      await chmod(folder, 0o555);
      await assert.rejects(writeFileAtomic(path, 'new'), UserError);
      await chmod(folder, 0o755);
      assert.equal(await readFile(path, 'utf8'), 'old');
    });
  });

  it('lets many writers of one file end with one whole version', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a');
      const versions = Array.from({ length: 8 }, (_, i) => String(i).repeat(10_000));
      await Promise.all(versions.map((version) => writeFileAtomic(path, version)));
      assert.ok(versions.includes(await readFile(path, 'utf8')));
      assert.deepEqual(await namesIn(folder), ['a']);
    }));
});
