import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../foundation/files/atomic_file.ts';
import { outputPath } from '../../../foundation/files/output_path.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('outputPath', () => {
  it('is the path itself where nothing or a file lies there', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a');
      assert.deepEqual(await outputPath(path), { target: path, found: undefined });
      await writeFile(path, 'x');
      const { target, found } = await outputPath(path);
      assert.deepEqual([target, found?.size], [path, 1]);
    }));

  it('is where a link leads, over several links', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'file'), 'x');
      await symlink('file', join(folder, 'link'));
      await symlink('link', join(folder, 'far'));
      assert.equal(
        (await outputPath(join(folder, 'far'))).target,
        await realpath(join(folder, 'file')),
      );
    }));

  it('refuses what is no regular file, by its kind', () =>
    inFolder(async (folder) => {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      await mkdir(join(folder, 'folder'));
      await symlink('gone', join(folder, 'dangling'));
      await symlink('pipe', join(folder, 'to-pipe'));
      const socket = createServer().listen(join(folder, 'socket'));
      try {
        for (const [path, kind] of [
          [pipe, /but it is a pipe/],
          [join(folder, 'to-pipe'), /but it is a pipe/],
          [join(folder, 'folder'), /but it is a folder/],
          [join(folder, 'socket'), /but it is a socket/],
          [join(folder, 'dangling'), /but it is a link to .*gone, which does not exist/],
          ['/dev/null', /but it is a device/],
        ] as const) {
          await assert.rejects(outputPath(path), { name: 'UserError', message: kind });
        }
      } finally {
        socket.close();
      }
    }));
});

describe('writeFileAtomic', () => {
  it('writes the file that a link leads to, and the link stays', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'elsewhere'));
      const file = join(folder, 'elsewhere', 'file');
      await writeFile(file, 'old');
      const link = join(folder, 'link');
      await symlink('elsewhere/file', link);
      await writeFileAtomic(link, 'new');
      assert.equal(await readFile(file, 'utf8'), 'new');
      assert.ok((await lstat(link)).isSymbolicLink());
    }));

  it('leaves a pipe as it is', () =>
    inFolder(async (folder) => {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      await assert.rejects(writeFileAtomic(pipe, 'x'), /it is a pipe/);
      assert.ok((await lstat(pipe)).isFIFO());
    }));
});
