import assert from 'node:assert/strict';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FolderLock } from '../../../foundation/files/folder_lock.ts';
import { processStart } from '../../../foundation/processes/process_identity.mjs';
import { inFolder } from '../../support/in_folder.ts';
import { skip } from '../../support/skip.ts';

/** Above the largest process number of Linux, 2²², and of other systems. */
const NO_PID = 2 ** 30;

const holder = (changes: object) =>
  JSON.stringify({ host: hostname(), pid: process.pid, token: 'another', ...changes });

/** Runs `body` with the path of a lock file of this content and age. */
function withLockFile(
  content: string,
  ageMs: number,
  body: (path: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const path = join(folder, 'lock');
    const time = new Date(Date.now() - ageMs);
    await writeFile(path, content);
    await utimes(path, time, time);
    await body(path);
  });
}

/** Takes the lock and gives it free. */
async function isTaken(path: string): Promise<void> {
  const lock = await FolderLock.acquire(path);
  await lock.check();
  await lock.release();
  assert.deepEqual(await readdir(join(path, '..')), []);
}

async function isRefused(path: string, message: RegExp): Promise<void> {
  const content = await readFile(path, 'utf8');
  await assert.rejects(FolderLock.acquire(path), { name: 'UserError', message });
  assert.equal(await readFile(path, 'utf8'), content);
}

describe('FolderLock', () => {
  it('is given to one at a time', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const lock = await FolderLock.acquire(path);
      await isRefused(
        path,
        new RegExp(`Expected .* alone but process ${process.pid} trains into it`),
      );
      await lock.release();
      await isTaken(path);
    }));

  it('is given to one of two that come at once, also where an abandoned lock lies', async () => {
    for (let round = 0; round < 10; round++) {
      await withLockFile(holder({ pid: NO_PID }), 0, async (path) => {
        const results = await Promise.allSettled([
          FolderLock.acquire(path),
          FolderLock.acquire(path),
        ]);
        const taken = results.flatMap((result) =>
          result.status === 'fulfilled' ? [result.value] : [],
        );
        assert.equal(taken.length, 1);
        await taken[0].release();
        assert.deepEqual(await readdir(join(path, '..')), []);
      });
    }
  });

  it('is taken over from a process that has died', () =>
    withLockFile(holder({ pid: NO_PID, start: 'then' }), 0, isTaken));

  it('is taken over from a process whose number is another one’s now', async function () {
    if (processStart(process.pid) === undefined) skip(this, 'the system tells no starts');
    await withLockFile(holder({ start: 'then' }), 0, isTaken);
  });

  it('is left to a living process whose start is not known', () =>
    withLockFile(holder({}), 0, (path) => isRefused(path, /trains into it/)));

  it('is left to a process of another machine that shows itself', () =>
    withLockFile(holder({ host: 'elsewhere', pid: 1 }), 0, (path) =>
      isRefused(path, /process 1 on elsewhere trains into it/),
    ));

  it('is taken over from a process of another machine that was silent for long', () =>
    withLockFile(holder({ host: 'elsewhere' }), 11 * 60_000, isTaken));

  for (const content of ['', '\0\0\0', '{}', '{"pid":"x"}']) {
    it(`is taken over where it holds ${JSON.stringify(content)} for some seconds`, () =>
      withLockFile(content, 2_800, isTaken));
  }

  it('notices that another process has taken it over, and leaves it to that', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const lock = await FolderLock.acquire(path);
      await writeFile(path, holder({ pid: 77 }));
      await assert.rejects(lock.check(), {
        name: 'UserError',
        message: /process 77 trains into it/,
      });
      await lock.release();
      assert.equal(await readFile(path, 'utf8'), holder({ pid: 77 }));
    }));

  it('notices that its file was removed', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const lock = await FolderLock.acquire(path);
      await rm(path);
      await assert.rejects(lock.check(), { name: 'UserError', message: /there no more/ });
      await lock.release();
    }));

  it('says where it cannot be written', () =>
    inFolder(async (folder) => {
      await assert.rejects(FolderLock.acquire(join(folder, 'gone', 'lock')), {
        name: 'UserError',
        message: /its folder cannot be made/,
      });
    }));
});
