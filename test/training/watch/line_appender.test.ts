import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../foundation/errors.ts';
import { LineAppender } from '../../../training/watch/line_appender.ts';
import { inFolder } from '../../support/in_folder.ts';

const unexpected = (error: unknown) => {
  throw error;
};

/** Writes as a disk that becomes full in the middle of the next write while `full` is set. */
function disk() {
  const state = { full: false };
  const write = (file: number, bytes: Uint8Array, offset: number) => {
    if (!state.full) return writeSync(file, bytes, offset);
    if (offset === 0) return writeSync(file, bytes, 0, 3);
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  };
  return { state, write };
}

describe('LineAppender', () => {
  it('appends to what is there, at once', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lines');
      const first = new LineAppender(path, unexpected);
      first.append('one\n');
      first.append('two\n');
      assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n'); // still open
      await first.close();
      const second = new LineAppender(path, unexpected);
      second.append('three\n');
      await second.close();
      assert.equal(await readFile(path, 'utf8'), 'one\ntwo\nthree\n');
    }));

  it('writes on where the system takes only a part of a line', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lines');
      const file = new LineAppender(path, unexpected, (fd, bytes, offset) =>
        writeSync(fd, bytes, offset, 1),
      );
      file.append('größer\n');
      await file.close();
      assert.equal(await readFile(path, 'utf8'), 'größer\n');
    }));

  it('keeps lines back while the disk is full, says so once, and leaves no half line', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lines');
      const { state, write } = disk();
      const failures: unknown[] = [];
      const file = new LineAppender(path, (error) => failures.push(error), write);
      file.append('first\n');
      state.full = true;
      file.append('second\n');
      file.append('third\n');
      assert.equal(await readFile(path, 'utf8'), 'first\n');
      state.full = false;
      file.append('fourth\n');
      assert.equal(await readFile(path, 'utf8'), 'first\nsecond\nthird\nfourth\n');
      state.full = true;
      file.append('fifth\n');
      await file.close();
      assert.equal(failures.length, 2);
      assert.ok(failures[0] instanceof UserError);
      assert.match(failures[0].message, /^Expected room for .*lines but the disk is full/);
    }));

  it('writes what it kept back when it is closed, where there is room by then', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lines');
      const { state, write } = disk();
      const file = new LineAppender(path, () => {}, write);
      state.full = true;
      file.append('last\n');
      state.full = false;
      await file.close();
      assert.equal(await readFile(path, 'utf8'), 'last\n');
    }));

  it('refuses a path that cannot be opened', () =>
    inFolder(async (folder) => {
      assert.throws(() => new LineAppender(folder, unexpected), {
        name: 'UserError',
        message: /^Expected a file to write at .* but it is a folder/,
      });
    }));

  it('neither writes nor waits once it is closed', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lines');
      const failures: unknown[] = [];
      const file = new LineAppender(path, (error) => failures.push(error));
      await file.close();
      file.append('late\n');
      await file.sync();
      const message = `Error: Expected ${path} open but it was closed`;
      assert.deepEqual(failures.map(String), [message, message]);
      assert.equal(await readFile(path, 'utf8'), '');
    }));
});
