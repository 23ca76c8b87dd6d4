import assert from 'node:assert/strict';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMPILED_FOLDERS, COMPILED_STAMP, isCompiled } from '../../../scripts/setup/compiled.mjs';
import { COMPLETED_RECORD, completedSetup } from '../../../scripts/setup/completed.mjs';
import { inFolder } from '../../support/in_folder.ts';

const RECORD = { message: 'set up', whole: true, files: ['made'] };

/** A checkout whose set-up has just ended. */
async function setUp(root: string): Promise<void> {
  for (const folder of COMPILED_FOLDERS) {
    await mkdir(join(root, folder));
    await writeFile(join(root, folder, 'a.ts'), '');
  }
  for (const folder of ['dist', 'node_modules/.tf8'])
    await mkdir(join(root, folder), { recursive: true });
  const lock = JSON.stringify({ packages: {} });
  await writeFile(join(root, 'package-lock.json'), lock);
  await writeFile(join(root, 'node_modules', '.package-lock.json'), lock);
  await writeFile(join(root, 'made'), '');
  await writeFile(join(root, COMPLETED_RECORD), JSON.stringify(RECORD));
  await writeFile(join(root, COMPILED_STAMP), '');
  const later = new Date(Date.now() + 1000);
  await utimes(join(root, COMPILED_STAMP), later, later);
}

async function touchLater(path: string): Promise<void> {
  const later = new Date(Date.now() + 5000);
  await utimes(path, later, later);
}

describe('completedSetup', () => {
  it('gives the record while nothing has changed', () =>
    inFolder(async (root) => {
      await setUp(root);
      assert.deepEqual(completedSetup(root), RECORD);
    }));

  it('gives nothing after a source, the packages or a product changed', async () => {
    const changes: ((root: string) => Promise<void>)[] = [
      (root) => touchLater(join(root, 'quantize', 'a.ts')),
      (root) => touchLater(join(root, 'quantize')),
      (root) => rm(join(root, 'made')),
      (root) => rm(join(root, COMPLETED_RECORD)),
      (root) => rm(join(root, COMPILED_STAMP)),
      (root) => rm(join(root, 'node_modules', '.package-lock.json')),
    ];
    for (const change of changes) {
      await inFolder(async (root) => {
        await setUp(root);
        await change(root);
        assert.equal(completedSetup(root), undefined, String(change));
      });
    }
  });
});

describe('isCompiled', () => {
  it('fails in a fresh clone', () =>
    inFolder(async (root) => assert.equal(isCompiled(root), false)));
});
