import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dependenciesMatch, installCommand } from '../../../scripts/setup/dependencies.mjs';
import { inFolder } from '../../support/in_folder.ts';

const A = { version: '1.0.0', integrity: 'sha512-a' };
const OPTIONAL = { version: '1.0.0', integrity: 'sha512-o', optional: true };

async function checkout(folder: string, wanted: object, present?: object): Promise<string> {
  const lock = (packages: object) => JSON.stringify({ packages });
  await writeFile(join(folder, 'package-lock.json'), lock({ '': { name: 'tf8' }, ...wanted }));
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  if (present !== undefined) {
    await writeFile(join(folder, 'node_modules', '.package-lock.json'), lock(present));
  }
  return folder;
}

describe('dependenciesMatch', () => {
  it('holds when every package has the locked content', () =>
    inFolder(async (folder) => {
      const packages = { 'node_modules/a': A };
      assert.equal(dependenciesMatch(await checkout(folder, packages, packages)), true);
    }));

  it('allows optional packages of other platforms to be absent', () =>
    inFolder(async (folder) => {
      const wanted = { 'node_modules/a': A, 'node_modules/o': OPTIONAL };
      assert.equal(
        dependenciesMatch(await checkout(folder, wanted, { 'node_modules/a': A })),
        true,
      );
    }));

  it('fails without npm’s record of a finished installation', () =>
    inFolder(async (folder) => {
      assert.equal(dependenciesMatch(await checkout(folder, { 'node_modules/a': A })), false);
    }));

  it('fails when a package is missing, changed or not in the lock', () =>
    inFolder(async (folder) => {
      const wanted = { 'node_modules/a': A };
      for (const present of [
        {},
        { 'node_modules/a': { ...A, integrity: 'sha512-b' } },
        { 'node_modules/a': A, 'node_modules/b': A },
      ]) {
        assert.equal(dependenciesMatch(await checkout(folder, wanted, present)), false);
      }
    }));
});

describe('installCommand', () => {
  it('runs no install script and installs what the checks and binaries need', () => {
    const { args } = installCommand();
    for (const option of ['ci', '--ignore-scripts', '--include=dev', '--include=optional']) {
      assert.ok(args.includes(option), option);
    }
  });
});
