import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import type { Step } from './step.ts';

/** What scripts/build_wasm.mjs makes, relative to the checkout. */
export const WASM_FILES = ['kernels.wasm', 'kernels_threads.wasm'].map((name) =>
  join('quantize', 'kernels', 'wasm', name),
);

/** Compiles the WASM kernels; the script itself knows whether its output is up to date. */
export const WASM_STEP: Step = {
  name: 'WASM kernels',
  isDone: async () => false,
  async run({ root, signal, reporter }) {
    const script = join(root, 'scripts', 'build_wasm.mjs');
    const { exitCode, output } = await runCommand(process.execPath, [script], {
      cwd: root,
      signal,
    });
    if (exitCode !== 0) {
      throw new UserError(`The WASM kernels could not be compiled:\n${output.trim()}`, {
        remedy:
          'Run "npm run setup" again; TF8 models run through the reference kernels until then.',
      });
    }
    if (!output.includes('up to date')) reporter.info('WASM kernels compiled.');
  },
};
