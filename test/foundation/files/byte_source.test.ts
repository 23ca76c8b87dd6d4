import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileSource, readBounded } from '../../../foundation/files/byte_source.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('byte sources', () => {
  it('give the bytes of a file that are asked for', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'bytes');
      const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
      await writeFile(path, bytes);
      const source = await fileSource(path);
      assert.equal(source.size, 1000);
      assert.deepEqual([...(await source.read(990, 10))], [...bytes.subarray(990)]);
      assert.equal((await source.read(0, 0)).length, 0);
      await source.close();
    }));

  it('refuse a file that became shorter', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'bytes');
      await writeFile(path, 'twelve bytes');
      const source = await fileSource(path);
      await writeFile(path, 'four');
      await assert.rejects(source.read(0, 12), {
        name: 'UserError',
        message: `Expected 12 bytes at 0 of ${path} but it became shorter`,
      });
      await source.close();
    }));

  it('refuse what is no file, and files that are too large, before they are read', () =>
    inFolder(async (folder) => {
      await assert.rejects(fileSource(folder), /Expected a file at .* but it is of another kind/);
      await assert.rejects(
        fileSource(join(folder, 'gone')),
        /Expected to read the file .*gone but/,
      );
      await writeFile(join(folder, 'bytes'), 'twelve bytes');
      await assert.rejects(
        readBounded(join(folder, 'bytes'), 11),
        /Expected a file of at most 11 bytes at .* but it has 12/,
      );
      assert.equal(
        Buffer.from(await readBounded(join(folder, 'bytes'), 12)).toString(),
        'twelve bytes',
      );
    }));
});
