import { existsSync } from 'node:fs';
import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { npmCommand } from '../../foundation/processes/npm_command.ts';
import { lastLines, runCommand } from '../../foundation/processes/run_command.ts';
import type { SetupContext } from './step.ts';
import { tfjsNodeFolder } from './tfjs_node_record.ts';

/** Where Node's own headers lie beside it; without them node-gyp fetches and verifies them. */
function nodeHeaders(): string | undefined {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined;
}

/** @throws Error naming the programs that compiling the binding needs and that are not there */
export async function requireBuildTools(signal: AbortSignal): Promise<void> {
  const compiler = process.env.CXX ?? (process.platform === 'darwin' ? 'clang++' : 'g++');
  const missing: string[] = [];
  for (const [tool, name] of [
    [compiler, `a C++ compiler (${compiler})`],
    ['make', 'make'],
    [process.env.PYTHON ?? 'python3', 'python3'],
  ] as const) {
    const { exitCode } = await runCommand(tool, ['--version'], { signal });
    if (exitCode !== 0) missing.push(name);
  }
  if (missing.length > 0)
    throw new Error(`compiling the binding needs ${missing.join(', ')}: not found`);
}

/** Runs one of tfjs-node's own npm scripts. */
async function runPackageScript(
  script: string,
  { root, signal }: SetupContext,
  more: NodeJS.ProcessEnv = {},
): Promise<void> {
  const folder = tfjsNodeFolder(root);
  const [command, args] = npmCommand(['--prefix', folder, 'run', script]);
  const { exitCode, output } = await runCommand(command, args, {
    cwd: folder,
    env: { ...process.env, ...more, npm_config_loglevel: 'error' },
    signal,
    timeoutMs: 20 * 60_000,
  });
  if (exitCode === 0) return;
  const log = join(root, 'node_modules', '.tf8', `${script}.log`);
  await writeFile(log, output);
  const said = output.split('\n').filter((line) => /error|ERR!|fatal/i.test(line));
  throw new Error(`${lastLines(said.slice(0, 2).join('\n'), 2)} (whole output: ${log})`);
}

/** Compiles the binding for the one Node-API version that every supported Node takes. */
export async function compileBinding(context: SetupContext): Promise<void> {
  await requireBuildTools(context.signal);
  context.reporter.info('Compiling the binding of tfjs-node…');
  const headers = nodeHeaders();
  const nodedir = process.env.npm_config_nodedir ?? headers;
  // "node-pre-gyp install" builds the newest Node-API version only, "node-pre-gyp build" all six.
  await runPackageScript('build-addon-from-source', context, {
    JOBS: 'max',
    ...(nodedir && { npm_config_nodedir: nodedir }),
  });
  await rm(join(tfjsNodeFolder(context.root), 'build-tmp-napi-v8'), {
    recursive: true,
    force: true,
  });
}

/**
 * Lets tfjs-node's installer fetch its prebuilt binding, for machines without a compiler. Its
 * publisher gives no checksum; the hash of what came is recorded.
 */
export async function installPrebuiltBinding(context: SetupContext): Promise<void> {
  context.reporter.info('Fetching the prebuilt binding of tfjs-node…');
  // The installer edits its package.json and puts it back only when it succeeds.
  const manifest = join(tfjsNodeFolder(context.root), 'package.json');
  await copyFile(manifest, `${manifest}.tmp`);
  try {
    await runPackageScript('install', context);
  } finally {
    await rename(`${manifest}.tmp`, manifest);
  }
}
