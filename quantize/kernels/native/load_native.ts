import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { QuantizationError } from '../../params/errors.ts';
import { findRoot, INSTALLED } from '../wasm/load_wasm.ts';
import type { NativeAddon } from './addon.ts';

/** What builds the addon. */
export const BUILD_REMEDY = `${INSTALLED ? 'npx tf8 setup' : 'npm run build:native'}; it needs a C compiler`;

/** Where the build puts the addon. */
export function nativeAddonFile(): string {
  const root = findRoot(path.dirname(fileURLToPath(import.meta.url)));
  return path.join(root, 'quantize', 'kernels', 'native', 'kernels.node');
}

/** The compiled addon; throws, with the remedy, when it was not built or does not load. */
export function loadNativeAddon(file = nativeAddonFile()): NativeAddon {
  if (!existsSync(file)) {
    throw new QuantizationError(`Expected the compiled native kernels at ${file}`, {
      remedy: BUILD_REMEDY,
    });
  }
  return createRequire(import.meta.url)(file) as NativeAddon;
}
