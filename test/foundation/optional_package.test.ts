import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  importOptional,
  MissingPackageError,
  missingPackage,
  optionalPackages,
} from '../../foundation/optional_package.ts';
import { inFolder } from '../support/in_folder.ts';

describe('importOptional', () => {
  it('gives the module where it is there', async () => {
    assert.equal((await importOptional(() => import('node:path'))).join, join);
  });

  it('names the optional package that is missing, directly or further down, and how to get it', () =>
    inFolder(async (folder) => {
      const outer = await moduleImporting(folder, 'sharp');
      for (const module of [new URL('inner.mjs', outer).href, outer]) {
        await assert.rejects(
          importOptional(() => import(module)),
          (error) => {
            assert.ok(error instanceof MissingPackageError);
            assert.equal(error.packageName, 'sharp');
            assert.match(error.message, /^Expected the package sharp/);
            assert.match(error.remedy!, /"npx tf8 setup".*"npm install --save-exact sharp@\d/);
            return true;
          },
        );
      }
    }));

  it('leaves other errors as they are: a package that is not of ours, a module that throws', () =>
    inFolder(async (folder) => {
      const module = await moduleImporting(folder, 'no-such-package-of-anybody');
      await assert.rejects(
        importOptional(() => import(module)),
        (error) => !(error instanceof MissingPackageError),
      );
      const thrown = new Error('Cannot find package');
      await assert.rejects(
        importOptional(() => Promise.reject(thrown)),
        thrown,
      );
    }));

  it('knows what require says too', () => {
    const error = Object.assign(
      new Error("Cannot find module '@tensorflow/tfjs'\nRequire stack:"),
      {
        code: 'MODULE_NOT_FOUND',
      },
    );
    assert.equal(missingPackage(error)?.packageName, '@tensorflow/tfjs');
  });

  it('knows the version of every optional package', () => {
    for (const version of Object.values(optionalPackages()))
      assert.match(version, /^\d+\.\d+\.\d+$/);
  });
});

/** The address of a module that imports one that imports the package. */
async function moduleImporting(folder: string, name: string): Promise<string> {
  await writeFile(join(folder, 'inner.mjs'), `import '${name}';`);
  await writeFile(join(folder, 'outer.mjs'), `import './inner.mjs';`);
  return pathToFileURL(join(folder, 'outer.mjs')).href;
}
