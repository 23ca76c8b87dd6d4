import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chooseKernels } from '../../../../quantize/kernels/route.ts';
import {
  findRoot,
  loadWasmKernels,
  readWasmFile,
} from '../../../../quantize/kernels/wasm/load_wasm.ts';
import { QuantizationError } from '../../../../quantize/params/errors.ts';
import { skip } from '../../../support/skip.ts';

describe('load_wasm', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tf8-load-wasm-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('findRoot walks up to the package.json named tf8, past others', async () => {
    const inner = path.join(folder, 'dist', 'quantize');
    await mkdir(inner, { recursive: true });
    await writeFile(path.join(folder, 'package.json'), '{"name": "tf8"}');
    await writeFile(path.join(folder, 'dist', 'package.json'), '{"type": "module"}');
    assert.equal(findRoot(inner), folder);
  });

  it('findRoot refuses a folder outside a checkout', () => {
    assert.throws(
      () => findRoot(folder),
      (error) => error instanceof QuantizationError && /package.json named tf8/.test(error.message),
    );
  });

  it('readWasmFile says how to build a module that is not there', () => {
    assert.throws(
      () => readWasmFile(folder),
      (error) =>
        error instanceof QuantizationError &&
        /Expected the compiled WASM kernels at .*kernels\.wasm/.test(error.message) &&
        error.remedy === 'npm run build:wasm',
    );
  });

  it('readWasmFile gives the bytes under quantize/kernels/wasm', async () => {
    const wasm = path.join(folder, 'quantize', 'kernels', 'wasm');
    await mkdir(wasm, { recursive: true });
    await writeFile(path.join(wasm, 'kernels.wasm'), Buffer.of(0, 97, 115, 109));
    assert.deepEqual([...readWasmFile(folder)], [0, 97, 115, 109]);
  });

  it('loadWasmKernels is limited to one thread where only the build for one is there', async function () {
    const built = path.join(findRoot(import.meta.dirname), 'quantize', 'kernels', 'wasm');
    const file = path.join(built, 'kernels.wasm');
    if (!existsSync(file)) return skip(this, 'the WASM kernels are not built here');
    const wasm = path.join(folder, 'quantize', 'kernels', 'wasm');
    await mkdir(wasm, { recursive: true });
    await copyFile(file, path.join(wasm, 'kernels.wasm'));
    const create = () => loadWasmKernels({}, folder);
    const limitation = `runs on one thread: ${path.join(wasm, 'kernels_threads.wasm')} was not built`;
    assert.equal(create().limitation, limitation);
    const { kernels, notes } = chooseKernels('wasm', [{ tier: 'wasm', create }]);
    assert.equal(kernels.tier, 'wasm');
    assert.deepEqual(notes, [`kernel tier wasm ${limitation}`]);
    await copyFile(
      path.join(built, 'kernels_threads.wasm'),
      path.join(wasm, 'kernels_threads.wasm'),
    );
    assert.equal(create().limitation, undefined);
    const route = { tier: 'wasm', create } as const;
    assert.deepEqual(chooseKernels('wasm', [route], 2).notes, []);
    await truncate(path.join(wasm, 'kernels_threads.wasm'), 3000);
    const cut = chooseKernels('wasm', [route], 2);
    assert.match(cut.notes.join(), /^kernel tier wasm runs on one thread: WebAssembly\.Module\(\)/);
    assert.equal(cut.kernels.tier, 'wasm');
  });
});
