import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createWasmKernels } from '../../../../quantize/kernels/wasm/wasm_kernels.ts';
import { skip } from '../../../support/skip.ts';

const SCRIPT = fileURLToPath(new URL('../../../../scripts/build_wasm.mjs', import.meta.url));

const IN_USE = fileURLToPath(
  new URL('../../../../quantize/kernels/wasm/kernels.wasm', import.meta.url),
);

describe('build_wasm', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tf8-build-wasm-'));
  });
  after(() => rm(folder, { recursive: true }));

  const built = () => path.join(folder, 'kernels.wasm');

  /** What the script prints when it builds `name` in the temporary folder. */
  async function build(name: string): Promise<string> {
    const output = path.join(folder, name);
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, '--output', output]);
    return stdout;
  }

  it('compiles modules for one thread and for several, and leaves nothing else', async () => {
    assert.match(await build('kernels.wasm'), /(compiled, \d+ bytes\n.*){2}/);
    assert.equal(createWasmKernels(await readFile(built())).tier, 'wasm');
    assert.deepEqual(await readdir(folder), ['kernels.wasm', 'kernels_threads.wasm']);
  });

  for (const name of ['kernels.wasm', 'kernels_threads.wasm']) {
    it(`gives the same bytes of ${name} each time: those of the module in use`, async function () {
      const inUse = await readFile(path.join(path.dirname(IN_USE), name)).catch(() => undefined);
      if (!inUse) return skip(this, 'no module is in use here');
      assert.deepEqual(await readFile(path.join(folder, name)), inUse, 'npm run build:wasm');
    });
  }

  it('does nothing where the output is newer than the sources', async () => {
    assert.match(await build('kernels.wasm'), /up to date/);
  });
});
