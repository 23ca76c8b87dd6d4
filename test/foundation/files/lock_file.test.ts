import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { acquireLock } from '../../../foundation/files/lock_file.mjs';
import { inFolder } from '../../support/in_folder.ts';
import { namesIn } from '../support.ts';

const neverWaits = () => assert.fail('nobody holds the lock');

function deadProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function lockOf(owner: { pid: number; child?: number; host?: string }): string {
  return JSON.stringify({ host: hostname(), child: 0, token: 'other', ...owner });
}

describe('acquireLock', () => {
  it('is free after release and leaves no file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      for (let i = 0; i < 2; i++) (await acquireLock(path, neverWaits)).release();
      assert.deepEqual(await namesIn(folder), []);
    }));

  it('lets one holder in at a time', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      let inside = 0;
      const enter = async () => {
        const lock = await acquireLock(path, () => {});
        assert.equal(++inside, 1);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside--;
        lock.release();
      };
      await Promise.all([enter(), enter(), enter()]);
    }));

  it('names the process that it waits for', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const first = await acquireLock(path, neverWaits);
      const second = await acquireLock(path, (holder) => {
        assert.equal(holder, process.pid);
        first.release();
      });
      assert.equal(second.waited, true);
      second.release();
    }));

  it('takes the lock of a process that died', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      await writeFile(path, lockOf({ pid: deadProcess() }));
      (await acquireLock(path, neverWaits)).release();
      assert.deepEqual(await namesIn(folder), []);
    }));

  it('waits for the child of a process that died', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
      await once(child, 'spawn');
      await writeFile(path, lockOf({ pid: deadProcess(), child: child.pid! }));
      const lock = await acquireLock(path, () => child.stdin.end());
      assert.equal(lock.waited, true);
      lock.release();
    }));

  it('takes a lock that was silent for long, and one that cannot be read', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      for (const content of [lockOf({ pid: process.pid, host: 'elsewhere' }), '{"pid"']) {
        await writeFile(path, content);
        await utimes(path, 1, 1);
        (await acquireLock(path, neverWaits)).release();
      }
    }));

  it('records the child that it covers', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const lock = await acquireLock(path, neverWaits);
      lock.coverChild(4242);
      assert.equal(JSON.parse(await readFile(path, 'utf8')).child, 4242);
      lock.release();
    }));

  it('throws where the folder cannot be written', () =>
    assert.rejects(acquireLock('/no/such/folder/lock', neverWaits), /ENOENT/));
});
