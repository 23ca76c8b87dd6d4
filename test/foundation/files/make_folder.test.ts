import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../../foundation/files/make_folder.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('makeFolder', () => {
  it('makes a folder and those above it, also at once, and takes one that is there', () =>
    inFolder(async (folder) => {
      const dir = join(folder, 'a', 'b', 'c');
      await Promise.all([makeFolder(dir), makeFolder(dir), makeFolder(join(folder, 'a', 'd'))]);
      await makeFolder(dir);
      assert.ok((await stat(dir)).isDirectory());
    }));

  it('refuses a file, a folder below one, and a link that leads nowhere', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      await symlink(join(folder, 'nowhere'), join(folder, 'link'));
      await assert.rejects(makeFolder(join(folder, 'file')), { code: 'EEXIST' });
      await assert.rejects(makeFolder(join(folder, 'file', 'a', 'b')), { code: 'ENOTDIR' });
      await assert.rejects(makeFolder(join(folder, 'link', 'a')), { code: 'ENOENT' });
    }));

  it('ends where a folder that is there takes no others', async function () {
    if (!existsSync('/proc/version')) this.skip(); // Linux alone has it.
    for (const dir of ['/proc/tf8', '/proc/tf8/a/b']) {
      await assert.rejects(makeFolder(dir), { code: 'ENOENT' });
    }
  });
});
