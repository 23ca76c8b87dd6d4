import { compile } from './compile.ts';
import { isCompiled } from './compiled.mjs';
import type { SetupStep } from './step.ts';

/**
 * Compiles the sources to dist/ for a quick start of the command, without a check of their types.
 * Sources that do not compile are no reason to stop: the command then runs them through tsx.
 */
export const COMPILE_STEP: SetupStep = {
  name: 'compiled command',
  isDone: async ({ root }) => isCompiled(root),
  async run({ root, signal, reporter }) {
    const errors = await compile(root, { types: false, signal });
    if (errors.length === 0) {
      reporter.info('Sources compiled to dist/.');
      return;
    }
    reporter.warn(
      `The sources do not compile (${errors.length} errors; see "npm run check"); ` +
        'the command runs them as they are.',
    );
  },
};
