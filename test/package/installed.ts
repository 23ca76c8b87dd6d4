import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../foundation/errors.ts';
import { npmCommand } from '../../foundation/processes/npm_command.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { compile } from '../../scripts/setup/compile.ts';
import { isCompiled } from '../../scripts/setup/compiled.mjs';
import { skip } from '../support/skip.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Where the sources have changed since they were compiled, that comes first. */
export const INSTALL_TIMEOUT_MS = 600_000;

/** What npm says where it does not reach the registry and has not kept what it needs. */
const UNREACHABLE =
  /\b(?:ENOTFOUND|ENOTCACHED|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|E5\d\d)\b/;

export interface Installed {
  /** An empty project of npm's with tf8 in it. */
  readonly project: string;
  readonly tarball: { readonly bytes: number; readonly files: readonly string[] };
}

let shared: Promise<Installed | undefined> | undefined;

/**
 * A project with tf8 in it and nothing beside, made by "npm pack" and "npm install" once for all tests
 * of the process. Its dependencies come from npm's cache or the registry; skips, with a message, where
 * there is neither.
 */
export async function installed(context: Mocha.Context): Promise<Installed> {
  context.timeout(INSTALL_TIMEOUT_MS);
  shared ??= install();
  const made = await shared;
  return made ?? skip(context, 'npm does not reach the registry, and its cache lacks a dependency');
}

/** An empty folder of the caller's inside the project, where "tf8" resolves. */
export function folderIn({ project }: Installed): Promise<string> {
  return mkdtemp(join(project, 'test-'));
}

async function install(): Promise<Installed | undefined> {
  if (!isCompiled(ROOT)) {
    const errors = await compile(ROOT);
    if (errors.length > 0) throw new Error(errors.join('\n'));
  }
  const project = await mkdtemp(join(tmpdir(), 'tf8-installed-'));
  process.once('exit', () => rmSync(project, { recursive: true, force: true }));
  // prepack would compile anew what is up to date.
  const packed = await npm(
    ROOT,
    'pack',
    '--ignore-scripts',
    '--json',
    '--pack-destination',
    project,
  );
  const [{ filename, size, files }] = JSON.parse(packed.slice(packed.indexOf('[')));
  await writeFile(join(project, 'package.json'), '{"private": true, "type": "module"}');
  const options = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    await npm(project, 'install', ...options, `./${filename}`);
  } catch (error) {
    if (UNREACHABLE.test(messageOf(error))) return undefined;
    throw error;
  }
  const paths = files.map(({ path }: { path: string }) => path);
  return { project, tarball: { bytes: size, files: paths } };
}

async function npm(cwd: string, ...words: readonly string[]): Promise<string> {
  const [command, args] = npmCommand(words);
  const { exitCode, output } = await runCommand(command, args, { cwd, env: plainEnvironment() });
  if (exitCode !== 0) throw new Error(`npm ${words[0]} ended with ${exitCode}:\n${output}`);
  return output;
}

/** Options of the test run, such as its loader, are not the package's. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: '' };
}

/** What a script in `folder` prints, run by a fresh Node. */
export async function runScript(folder: string, script: string): Promise<string> {
  await writeFile(join(folder, 'script.mjs'), script);
  const { stdout } = await promisify(execFile)(process.execPath, ['script.mjs'], {
    cwd: folder,
    env: plainEnvironment(),
  });
  return stdout;
}
