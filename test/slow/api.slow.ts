import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { inFolder } from '../support/in_folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('npm run api', function () {
  this.timeout(300_000);

  it('writes a page for each entry without a warning: every function and named type is documented', () =>
    inFolder(async (folder) => {
      const typedoc = join(ROOT, 'node_modules/typedoc/bin/typedoc');
      const words = [typedoc, '--out', folder];
      const { exitCode, output } = await runCommand(process.execPath, words, { cwd: ROOT });
      assert.equal(exitCode, 0, output);
      const { exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
      const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.wasm'));
      const pages = entries.map((entry) => `tf8${entry.slice(1).replace('/', '_')}.html`);
      assert.deepEqual((await readdir(join(folder, 'modules'))).sort(), pages.sort());
    }));
});
