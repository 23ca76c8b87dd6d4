import { join } from 'node:path';
import { runCommand } from '../../foundation/processes/run_command.ts';
import type { Step } from './step.ts';

/** What scripts/build_native.mjs makes, relative to the checkout. */
export const NATIVE_FILE = join('quantize', 'kernels', 'native', 'kernels.node');

/**
 * Compiles the native kernels; the script itself knows whether its output is up to date. A machine
 * where they do not compile is no reason to stop: TF8 models run on the WASM kernels then.
 */
export const NATIVE_STEP: Step = {
  name: 'native kernels',
  isDone: async () => false,
  async run({ root, signal, reporter }) {
    const script = join(root, 'scripts', 'build_native.mjs');
    const { exitCode, output } = await runCommand(process.execPath, [script], {
      cwd: root,
      signal,
    });
    if (exitCode !== 0) {
      reporter.warn(
        `${output.trim()}\nTF8 models run on the WASM kernels, some times slower. With a C compiler, "npm run setup" tries again.`,
      );
    } else if (!output.includes('up to date')) {
      reporter.info('Native kernels compiled.');
    }
  },
};
