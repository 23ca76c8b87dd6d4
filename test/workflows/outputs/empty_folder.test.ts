import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { leavingNoEmptyFolder } from '../../../workflows/outputs/empty_folder.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('leavingNoEmptyFolder', () => {
  const failing = (dir: string, file?: string) =>
    assert.rejects(
      leavingNoEmptyFolder(dir, async () => {
        await mkdir(join(dir, 'checkpoints'), { recursive: true });
        if (file !== undefined) await writeFile(join(dir, file), '');
        throw new Error('refused');
      }),
      { message: 'refused' },
    );

  it('removes what failed work has made, and nothing that was there or is of use', () =>
    inFolder(async (folder) => {
      await failing(join(folder, 'new'));
      assert.equal(existsSync(join(folder, 'new')), false);
      await failing(join(folder, 'kept'), 'checkpoints/step');
      assert.ok(existsSync(join(folder, 'kept/checkpoints/step')));
      await mkdir(join(folder, 'old'));
      await failing(join(folder, 'old'));
      assert.ok(existsSync(join(folder, 'old')));
    }));

  it('keeps the folder of work that is done', () =>
    inFolder(async (folder) => {
      const dir = join(folder, 'new');
      await leavingNoEmptyFolder(dir, () => mkdir(dir));
      assert.ok(existsSync(dir));
    }));
});
