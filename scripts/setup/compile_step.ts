import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { COMPILED_STAMP, isCompiled } from './compiled.mjs';
import type { Step } from './step.ts';

/**
 * Compiles the sources to dist/ for a quick start of the command. Sources that do not compile are
 * no reason to stop: the command then runs them through tsx.
 */
export const COMPILE_STEP: Step = {
  name: 'compiled command',
  isDone: async ({ root }) => isCompiled(root),
  async run({ root, signal, reporter }) {
    await rm(join(root, COMPILED_STAMP), { force: true });
    const started = new Date();
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { exitCode, output } = await runCommand(
      process.execPath,
      [compiler, '-p', 'tsconfig.build.json'],
      { cwd: root, signal },
    );
    if (exitCode !== 0) {
      const errors = output.split('\n').filter((line) => line.includes('error TS'));
      reporter.warn(
        `The sources do not compile (${errors.length} errors; see "npm run check"); ` +
          'the command runs them as they are.',
      );
      return;
    }
    await writeFileAtomic(join(root, COMPILED_STAMP), '');
    // A source that changed while the compiler ran is newer than this.
    await utimes(join(root, COMPILED_STAMP), started, started);
    reporter.info('Sources compiled to dist/.');
  },
};
