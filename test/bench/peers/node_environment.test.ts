import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nodeEnvironment } from '../../../bench/peers/node_environment.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { repositoryRoot } from '../../../foundation/repository.ts';
import { inFolder } from '../../support/in_folder.ts';

/** Runs a script of Node in the place of npm; `process.argv` holds npm's arguments. */
async function install(folder: string, script: string): Promise<string> {
  const path = join(folder, 'npm.cjs');
  await writeFile(path, script);
  return nodeEnvironment({
    cacheDir: join(folder, 'cache'),
    reporter: SILENT_REPORTER,
    signal: new AbortController().signal,
    npm: (args) => [process.execPath, [path, ...args]],
  });
}

describe('the Node peers', () => {
  it('are pinned, each by its version and by a hash', async () => {
    const list = join(repositoryRoot(), 'bench', 'peers', 'node');
    const read = async (name: string) => JSON.parse(await readFile(join(list, name), 'utf8'));
    const { dependencies } = await read('package.json');
    const { '': root, ...packages } = (await read('package-lock.json')).packages;
    assert.deepEqual(root.dependencies, dependencies);
    for (const [name, version] of Object.entries(dependencies)) {
      assert.equal(packages[`node_modules/${name}`].version, version);
    }
    for (const { integrity } of Object.values(packages) as { integrity: string }[]) {
      assert.match(integrity, /^sha512-/);
    }
  });
});

describe('nodeEnvironment', () => {
  it('installs from the lock file, without install scripts, once', () =>
    inFolder(async (folder) => {
      const script = `require('node:fs').writeFileSync('asked.json', JSON.stringify(process.argv.slice(2)));`;
      const packages = await install(folder, script);
      assert.equal(packages, join(folder, 'cache', 'node-runtimes', 'package.json'));
      const asked = JSON.parse(await readFile(join(dirname(packages), 'asked.json'), 'utf8'));
      assert.deepEqual(asked.slice(0, 2), ['ci', '--ignore-scripts']);
      assert.ok((await readdir(dirname(packages))).includes('package-lock.json'));
      assert.equal(await install(folder, 'process.exit(1)'), packages);
    }));

  it('tells what npm says where it cannot install', () =>
    inFolder(async (folder) => {
      const script = `console.error('npm error code ENOTFOUND'); process.exitCode = 1;`;
      await assert.rejects(install(folder, script), {
        name: 'UserError',
        message: /but: npm error code ENOTFOUND$/,
        remedy: /network/,
      });
      assert.deepEqual(await readdir(join(folder, 'cache')), []);
    }));
});
