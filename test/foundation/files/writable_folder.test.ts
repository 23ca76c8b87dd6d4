import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeWritableFolder } from '../../../foundation/files/writable_folder.ts';
import { inFolder } from '../../support/in_folder.ts';
import { namesIn } from '../support.ts';

describe('makeWritableFolder', () => {
  it('makes a folder, leaves nothing in it and takes one that is there', () =>
    inFolder(async (folder) => {
      const dir = join(folder, 'a', 'b');
      await makeWritableFolder(dir);
      await makeWritableFolder(dir);
      assert.deepEqual(await namesIn(dir), []);
    }));

  it('refuses a file, and a folder below a file', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'file');
      await writeFile(file, '');
      for (const dir of [file, join(file, 'a')]) {
        await assert.rejects(makeWritableFolder(dir), {
          name: 'UserError',
          message: `Expected a folder at ${dir} but a file is in its place.`,
        });
      }
    }));
});
