import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CheckpointFolder,
  CheckpointNotSaved,
} from '../../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import { InvalidValueError, UserError } from '../../../foundation/errors.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { skip } from '../../support/skip.ts';
import { TSX } from '../../support/without_tfjs_node.ts';
import {
  assertIsCheckpoint,
  checkpointOf,
  contentOf,
  systemError,
  usingFolder,
  vector,
  withFileHandles,
} from './support.ts';

const nameOf = (step: number) => `step-${String(step).padStart(8, '0')}.safetensors`;
const CHILD = ['--import', TSX];

/** Runs `body` with an open folder of checkpoints, and with what it reports. */
function withFolder(
  body: (folder: CheckpointFolder, messages: string[]) => Promise<void>,
  keep?: number,
): Promise<void> {
  return inFolder((dir) => usingFolder(dir, body, keep));
}

async function saveAll(folder: CheckpointFolder, ...steps: number[]): Promise<void> {
  for (const step of steps) await folder.save(checkpointOf(step));
}

const cutOff = (folder: CheckpointFolder, step: number) =>
  truncate(join(folder.dir, nameOf(step)), 3000);

describe('CheckpointFolder', () => {
  it('gives back the newest checkpoint, also to the next process', () =>
    inFolder(async (parent) => {
      const dir = join(parent, 'run', 'checkpoints');
      await usingFolder(dir, async (folder) => {
        assert.equal(await folder.latest(), undefined);
        await saveAll(folder, 0, 9, 10);
        assertIsCheckpoint((await folder.latest())!, 10);
      });
      assert.deepEqual(await contentOf(dir), [nameOf(0), nameOf(9), nameOf(10)]);
      await usingFolder(dir, async (folder, messages) => {
        assert.deepEqual(await folder.steps(), [0, 9, 10]);
        assertIsCheckpoint((await folder.latest())!, 10);
        assert.deepEqual(messages, []);
      });
    }));

  it('keeps the newest ones only', () =>
    withFolder(async (folder) => {
      await saveAll(folder, 1, 2, 3, 4);
      assert.deepEqual(await folder.steps(), [2, 3, 4]);
    }));

  it('counts steps, whose names grow after eight digits', () =>
    withFolder(async (folder) => {
      await saveAll(folder, 99_999_998, 99_999_999, 100_000_000);
      assert.deepEqual(await folder.steps(), [99_999_999, 100_000_000]);
      assert.equal((await folder.latest())!.step, 100_000_000);
    }, 2));

  it('keeps at least two', () =>
    inFolder(async (dir) => {
      for (const keep of [1, 2.5]) {
        await assert.rejects(CheckpointFolder.open({ dir, keep, reporter: SILENT_REPORTER }), {
          name: 'InvalidValueError',
          message: `Expected keep of at least 2 checkpoints but received ${keep}`,
        });
      }
    }));

  it('replaces the checkpoint of the same step', () =>
    withFolder(async (folder) => {
      await saveAll(folder, 1);
      await folder.save({ ...checkpointOf(1), state: { again: true } });
      assert.deepEqual((await folder.latest())!.state, { again: true });
      assert.deepEqual(await folder.steps(), [1]);
    }));

  it('takes the one before a damaged one, and says so', () =>
    withFolder(async (folder, messages) => {
      await saveAll(folder, 1, 2, 3);
      await cutOff(folder, 3);
      await writeFile(join(folder.dir, nameOf(2)), '');
      assertIsCheckpoint((await folder.latest())!, 1);
      assert.equal(messages.length, 2);
      assert.match(messages[0], /^Leaving out a damaged checkpoint: .* bytes of data in .*00003/);
      assert.match(messages[1], /^Leaving out a damaged checkpoint: .*00002.* but it has 0$/);
    }));

  it('takes no other for one that may not be read, and leaves that alone', function () {
    if (process.getuid?.() === 0) skip(this, 'root may read everywhere');
    return withFolder(async (folder) => {
      await saveAll(folder, 1, 2);
      await chmod(join(folder.dir, nameOf(2)), 0);
      await assert.rejects(folder.latest(), { name: 'UserError', message: /EACCES/ });
      assert.deepEqual(await folder.steps(), [1, 2]);
    });
  });

  it('counts no damaged one among those kept, and removes it after the next save', () =>
    withFolder(async (folder) => {
      await saveAll(folder, 1, 2, 5);
      await cutOff(folder, 5);
      await folder.latest();
      assert.deepEqual(await folder.steps(), [1, 2, 5]);
      await saveAll(folder, 3);
      assert.deepEqual(await folder.steps(), [1, 2, 3]);
      assert.equal((await folder.latest())!.step, 3);
    }));

  it('counts the checkpoint that replaces a damaged one', () =>
    withFolder(async (folder) => {
      await saveAll(folder, 1, 2);
      await cutOff(folder, 2);
      await folder.latest();
      await saveAll(folder, 2, 3);
      assert.deepEqual(await folder.steps(), [2, 3]);
    }, 2));

  it('says what to do where all are damaged', () =>
    withFolder(async (folder, messages) => {
      await saveAll(folder, 1, 2);
      await cutOff(folder, 1);
      await cutOff(folder, 2);
      await assert.rejects(folder.latest(), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /Expected a whole checkpoint in .* but all 2 are damaged/);
        assert.match(error.remedy!, /copy|another folder/);
        return true;
      });
      assert.equal(messages.length, 2);
    }));

  it('refuses to mix two trainings in one folder, and removes nothing', () =>
    withFolder(async (folder) => {
      await saveAll(folder, 100, 200);
      await assert.rejects(saveAll(folder, 50), (error) => {
        assert.ok(error instanceof CheckpointNotSaved);
        assert.match(error.message, /no checkpoint after step 50 in .* one of step 100$/);
        assert.match(error.remedy!, /another folder/);
        return true;
      });
      assert.deepEqual(await folder.steps(), [100, 200]);
    }));

  it('leaves files of others alone, and removes what interrupted saves have left', () =>
    inFolder(async (dir) => {
      const others = ['notes.txt', 'step-1.safetensors', 'step-000000001.safetensors', 'x.tmp'];
      for (const name of others) await writeFile(join(dir, name), '');
      await writeFile(join(dir, `${nameOf(7)}.host_${process.pid}_0123abcd.tmp`), '');
      await usingFolder(dir, (folder) => saveAll(folder, 1, 2, 3, 4));
      assert.deepEqual(await contentOf(dir), [...others, nameOf(2), nameOf(3), nameOf(4)].sort());
    }));

  it('saves one after the other, in the order of the calls; close waits for them', () =>
    inFolder(async (dir) => {
      const done: number[] = [];
      let saves: Promise<number>[] = [];
      await usingFolder(dir, async (folder) => {
        saves = [1, 2, 3].map((step) =>
          folder.save(checkpointOf(step)).then(() => done.push(step)),
        );
      });
      assert.deepEqual(done, [1, 2, 3]);
      await Promise.all(saves);
      assert.deepEqual(await contentOf(dir), [nameOf(1), nameOf(2), nameOf(3)]);
    }));

  it('reads the state when it is asked to save', () =>
    withFolder(async (folder) => {
      const state = { value: 1 };
      const saved = folder.save({ step: 1, tensors: new Map(), state });
      state.value = 2;
      await saved;
      assert.deepEqual((await folder.latest())!.state, { value: 1 });
    }));

  it('refuses what no checkpoint can hold, and goes on', () =>
    withFolder(async (folder) => {
      await saveAll(folder, 1);
      const tensors = new Map([['a', { ...vector(1), shape: [2] }]]);
      await assert.rejects(folder.save({ step: 2, tensors, state: {} }), InvalidValueError);
      await assert.rejects(folder.save({ ...checkpointOf(2), step: -1 }), InvalidValueError);
      await saveAll(folder, 3);
      assert.deepEqual(await contentOf(folder.dir), [nameOf(1), nameOf(3)]);
    }));

  it('saves nothing once it is closed', () =>
    withFolder(async (folder) => {
      await folder.close();
      await assert.rejects(saveAll(folder, 1), { name: 'InvalidValueError', message: /is closed/ });
    }));

  it('is for one process at a time', () =>
    withFolder(async (folder) => {
      await assert.rejects(
        CheckpointFolder.open({ dir: folder.dir, reporter: SILENT_REPORTER }),
        new RegExp(`process ${process.pid} trains into it`),
      );
    }));

  it('saves nothing once another process has taken the folder over', () =>
    withFolder(async (folder) => {
      const lock = JSON.parse(await readFile(join(folder.dir, 'lock'), 'utf8'));
      await writeFile(join(folder.dir, 'lock'), JSON.stringify({ ...lock, token: 'another' }));
      await assert.rejects(saveAll(folder, 1), CheckpointNotSaved);
      assert.deepEqual(await folder.steps(), []);
    }));

  it('refuses a file in place of the folder', () =>
    inFolder(async (parent) => {
      const dir = join(parent, 'file');
      await writeFile(dir, '');
      await assert.rejects(CheckpointFolder.open({ dir, reporter: SILENT_REPORTER }), UserError);
    }));

  it('warns of an old checkpoint that it cannot remove', () =>
    withFolder(async (folder, messages) => {
      await mkdir(join(folder.dir, nameOf(1)));
      await saveAll(folder, 2, 3, 4);
      assert.match(messages[0], /^Could not remove .*00001.safetensors: /);
      assert.deepEqual(await folder.steps(), [1, 2, 3, 4]);
    }));
});

describe('CheckpointFolder on a disk that fails', () => {
  for (const [method, code, message] of [
    ['writev', 'ENOSPC', /Expected room for .*00002.safetensors but the disk is full/],
    ['sync', 'ENOSPC', /Expected room for .*00002.safetensors but the disk is full/],
    ['writev', 'EROFS', /Expected permission to write .*00002.safetensors/],
    ['writev', 'EIO', /Expected to write .*00002.safetensors but the disk reports an error/],
  ] as const) {
    it(`names ${code} of ${method}, leaves what was there, and saves again later`, () => {
      let fails = false;
      return withFileHandles(
        method,
        (original) =>
          async function (...options) {
            if (fails) throw systemError(code);
            return original.call(this, ...options);
          },
        (dir) =>
          usingFolder(dir, async (folder) => {
            await saveAll(folder, 1);
            fails = true;
            await assert.rejects(saveAll(folder, 2), (error) => {
              assert.ok(error instanceof CheckpointNotSaved, String(error));
              assert.match(error.message, message);
              assert.equal((error.cause as { code?: string }).code, code);
              return true;
            });
            assert.deepEqual(await contentOf(dir), [nameOf(1)]);
            fails = false;
            await saveAll(folder, 3);
            assert.deepEqual(await folder.steps(), [1, 3]);
          }),
      );
    });
  }

  it('does without a synchronized folder where the file system cannot', () =>
    withFileHandles(
      'sync',
      (original) =>
        async function () {
          const info = (await this.stat()).isDirectory();
          if (info) throw systemError('EINVAL');
          return original.call(this);
        },
      (dir) => usingFolder(dir, (folder) => saveAll(folder, 1)),
    ));

  it('leaves what was there when the disk is full', async function () {
    await inFolder(async (dir) => {
      // A mount that only the child and its children see, and that ends with them.
      const script = 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"';
      const command = ['--mount', '--map-root-user', 'sh', '-c', script, 'sh', dir];
      const run = promisify(execFile);
      const trial = await run('unshare', [...command, 'true']).catch((error: Error) => error);
      if (trial instanceof Error) skip(this, 'a small disk cannot be mounted here');
      const child = join(import.meta.dirname, 'fill_disk.ts');
      const { stdout } = await run('unshare', [...command, process.execPath, ...CHILD, child, dir]);
      const { error, message, afterwards } = JSON.parse(stdout);
      assert.equal(error, 'CheckpointNotSaved');
      assert.match(message, /00003.safetensors but the disk is full/);
      assert.deepEqual(afterwards, [nameOf(1), nameOf(2)]);
    });
  });
});
