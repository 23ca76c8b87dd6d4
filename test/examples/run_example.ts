import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { runCommand } from '../../foundation/processes/run_command.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

/** What a program of examples/ prints, run as its first comment says; the sources are the package. */
export async function runExample(name: string, ...args: readonly string[]): Promise<string> {
  const program = join(ROOT, 'examples', name);
  const words = ['--import', 'tsx', program, ...args];
  const { exitCode, stdout, output } = await runCommand(process.execPath, words, { cwd: ROOT });
  assert.equal(exitCode, 0, output);
  return stdout;
}
