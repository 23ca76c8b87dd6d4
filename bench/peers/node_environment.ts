import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { cachedFolder } from '../../foundation/files/cached_folder.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { npmCommand } from '../../foundation/processes/npm_command.ts';
import { lastLines, runCommand } from '../../foundation/processes/run_command.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';

/** package.json and package-lock.json, which pins every package by its hash. */
const LIST = join(import.meta.dirname, 'node');
const FILES = ['package.json', 'package-lock.json'];

export interface NodeEnvironmentOptions {
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** How npm is started with some arguments: the program and all of its own. */
  readonly npm?: (args: readonly string[]) => readonly [string, readonly string[]];
}

/**
 * The peers that run in Node, in `<cacheDir>/node-runtimes`: whoever uses tf8 does not install them.
 * No install script runs; those of ONNX Runtime only fetch what a graphics card needs.
 * @returns path of a file from whose place the packages resolve
 * @throws UserError with what npm says where it cannot install them; the signal's reason when aborted
 */
export async function nodeEnvironment(options: NodeEnvironmentOptions): Promise<string> {
  const { cacheDir, reporter, signal, npm = npmCommand } = options;
  const folder = join(cacheDir, 'node-runtimes');
  const texts = await Promise.all(FILES.map((name) => readFile(join(LIST, name), 'utf8')));
  const key = sha256OfBytes(texts.join('\n'));
  await cachedFolder(folder, key, async (temporary) => {
    reporter.info(`Installing ONNX Runtime for Node and for the web in ${folder}…`);
    for (const name of FILES) await copyFile(join(LIST, name), join(temporary, name));
    const [program, args] = npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
    const { exitCode, output } = await runCommand(program, args, { cwd: temporary, signal });
    if (exitCode === 0) return;
    throw new UserError(
      `Expected npm to install ONNX Runtime for Node and for the web but: ${lastLines(output)}`,
      { remedy: 'Check the network, then run the command again.' },
    );
  });
  return join(folder, FILES[0]);
}
