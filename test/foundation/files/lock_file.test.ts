import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../../../foundation/files/lock_file.mjs';
import { processStart } from '../../../foundation/processes/process_identity.mjs';
import { inFolder } from '../../support/in_folder.ts';
import { skip } from '../../support/skip.ts';
import { namesIn } from '../support.ts';

const neverWaits = () => assert.fail('nobody holds the lock');

function deadProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function lockOf(owner: object): string {
  return JSON.stringify({ host: hostname(), token: 'other', ...owner });
}

describe('takeLock', () => {
  it('is free after release and leaves no file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      for (let i = 0; i < 2; i++) (await takeLock(path, neverWaits)).release();
      assert.deepEqual(await namesIn(folder), []);
    }));

  it('lets one holder in at a time', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      let inside = 0;
      const enter = async () => {
        const lock = await takeLock(path, () => {});
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
      const first = await takeLock(path, neverWaits);
      const holders: number[] = [];
      const second = await takeLock(path, ({ pid }) => {
        holders.push(pid);
        first.release();
      });
      assert.deepEqual(holders, [process.pid]);
      second.release();
    }));

  it('is refused by what the caller throws, and stays with its holder', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const lock = await takeLock(path, neverWaits);
      const refuse = () => {
        throw new Error('held');
      };
      await assert.rejects(takeLock(path, refuse), /held/);
      assert.equal(lock.isMine(), true);
      lock.release();
    }));

  it('takes the lock of a process that died', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const pid = deadProcess();
      for (const owner of [{ pid }, { pid, child: { pid } }]) {
        await writeFile(path, lockOf(owner));
        (await takeLock(path, neverWaits)).release();
        assert.deepEqual(await namesIn(folder), []);
      }
    }));

  it('waits for the child of a process that died', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
      await once(child, 'spawn');
      await writeFile(path, lockOf({ pid: deadProcess(), child: { pid: child.pid! } }));
      let waited = false;
      const lock = await takeLock(path, () => {
        waited = true;
        child.stdin.end();
      });
      assert.equal(waited, true);
      lock.release();
    }));

  it('takes a lock that was silent for long, and one that cannot be read', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const { pid } = process;
      for (const content of [lockOf({ pid, host: 'elsewhere' }), lockOf({ pid }), '{"pid"']) {
        await writeFile(path, content);
        await utimes(path, 1, 1);
        (await takeLock(path, neverWaits)).release();
      }
    }));

  it('leaves a lock that was silent for long to a process that is known to live', function () {
    const { pid } = process;
    const start = processStart(pid);
    if (start === undefined) skip(this, 'the system tells no starts');
    return inFolder(async (folder) => {
      const path = join(folder, 'lock');
      await writeFile(path, lockOf({ pid, start }));
      await utimes(path, 1, 1);
      const refuse = () => {
        throw new Error('held');
      };
      await assert.rejects(takeLock(path, refuse), /held/);
    });
  });

  it('records the child that it covers', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'lock');
      const lock = await takeLock(path, neverWaits);
      lock.coverChild(4242);
      assert.equal(JSON.parse(await readFile(path, 'utf8')).child.pid, 4242);
      lock.release();
    }));

  it('throws where the folder cannot be written', () =>
    assert.rejects(takeLock('/no/such/folder/lock', neverWaits), /ENOENT/));
});
