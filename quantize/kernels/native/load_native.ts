import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { QuantizationError } from '../../params/errors.ts';
import type { Kernels } from '../kernels.ts';
import { selfTest } from '../self_test.ts';
import { findRoot } from '../wasm/load_wasm.ts';
import type { NativeAddon } from './addon.ts';
import { createNativeKernels } from './native_kernels.ts';

/** What builds the addon. */
export const BUILD_REMEDY = 'npm run build:native; it needs a C compiler';

/** The compiled addon; throws, with the remedy, when it was not built or does not load. */
export function loadNativeAddon(
  file = path.join(
    findRoot(path.dirname(fileURLToPath(import.meta.url))),
    ...['quantize', 'kernels', 'native', 'kernels.node'],
  ),
): NativeAddon {
  if (!existsSync(file)) {
    throw new QuantizationError(`Expected the compiled native kernels at ${file}`, {
      remedy: BUILD_REMEDY,
    });
  }
  return createRequire(import.meta.url)(file) as NativeAddon;
}

/**
 * The kernels of the fastest instruction set that passes the self-test.
 * @throws QuantizationError with each one's failure when none does
 */
export function fastestNativeKernels(addon: NativeAddon = loadNativeAddon()): Kernels {
  const failures: string[] = [];
  for (const instructionSet of addon.supportedIsas().toReversed()) {
    try {
      const kernels = createNativeKernels(addon, instructionSet);
      selfTest(kernels);
      return kernels;
    } catch (error) {
      failures.push(`${instructionSet}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new QuantizationError(`No instruction set passes the self-test:\n${failures.join('\n')}`);
}
