import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { QuantizationError } from '../../params/errors.ts';
import type { Kernels } from '../kernels.ts';
import { nodeThreads } from './node_threads.ts';
import { createWasmKernels, type WasmKernelsOptions } from './wasm_kernels.ts';

/** Whether this is the package as it is installed in a project; else it is a checkout. */
export const INSTALLED = import.meta.url.includes('/node_modules/tf8/');

/** What brings the module: it is part of the package, and a checkout compiles it. */
export const BUILD_REMEDY = INSTALLED ? 'Install tf8 again.' : 'npm run build:wasm';

/**
 * tf8's folder, a checkout or an installed package: the nearest folder at or above `start` whose
 * package.json is named tf8. This file may run from its source or, compiled, from a folder deeper down.
 */
export function findRoot(start: string): string {
  for (let folder = start; ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'tf8') {
      return folder;
    }
    if (folder === path.dirname(folder)) {
      throw new QuantizationError(`Expected a package.json named tf8 at or above ${start}`, {
        remedy: 'Run tf8 as it is installed, or inside its checkout; a bundle has to leave it out.',
      });
    }
  }
}

/** The builds: for one thread, and for several over shared memory. */
export type WasmBuild = 'kernels' | 'kernels_threads';

function wasmFile(root: string, build: WasmBuild): string {
  return path.join(root, 'quantize', 'kernels', 'wasm', `${build}.wasm`);
}

/** The bytes of the compiled WASM kernels; throws, with the remedy, when they were not built. */
export function readWasmFile(
  root = findRoot(path.dirname(fileURLToPath(import.meta.url))),
  build: WasmBuild = 'kernels',
): Uint8Array<ArrayBuffer> {
  const file = wasmFile(root, build);
  if (!existsSync(file)) {
    throw new QuantizationError(`Expected the compiled WASM kernels at ${file}`, {
      remedy: BUILD_REMEDY,
    });
  }
  return new Uint8Array(readFileSync(file));
}

/**
 * The WASM tier as Node has it: with threads, or limited to one where only the build for one is there.
 * @throws QuantizationError, with the remedy, when it was not built
 */
export function loadWasmKernels(
  options: Omit<WasmKernelsOptions, 'threading' | 'limitation'> = {},
  root = findRoot(path.dirname(fileURLToPath(import.meta.url))),
): Kernels {
  const single = readWasmFile(root);
  const file = wasmFile(root, 'kernels_threads');
  if (!existsSync(file)) {
    const limitation = `runs on one thread: ${file} was not built`;
    return createWasmKernels(single, { ...options, limitation });
  }
  const threading = nodeThreads(readWasmFile(root, 'kernels_threads'));
  return createWasmKernels(single, { ...options, threading });
}
