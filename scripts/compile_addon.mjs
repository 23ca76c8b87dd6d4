/** Compiling a folder of C sources to an addon of Node's, for build_native.mjs and build_cluster.mjs. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** An undeclared function would return an int: the upper half of a pointer, lost. */
const WARNINGS = [
  ...['-Wall', '-Wextra', '-Wno-unknown-pragmas'],
  ...['-Werror=implicit-function-declaration', '-Werror=int-conversion'],
];

/** The folder of node_api.h: of the package node-api-headers, else beside this Node. */
function headersFolder() {
  try {
    return createRequire(import.meta.url)('node-api-headers').include_dir;
  } catch {
    const beside = path.resolve(path.dirname(process.execPath), '../include/node');
    if (existsSync(path.join(beside, 'node_api.h'))) return beside;
    throw new Error('node_api.h was not found: neither node-api-headers nor Node came with it');
  }
}

async function sourceFiles(folder) {
  const names = await readdir(folder);
  return names.toSorted().map((name) => path.join(folder, name));
}

/** Whether `output` is newer than every source and what else it is made from. */
async function isUpToDate(output, folder, inputs) {
  const built = await stat(output).catch(() => undefined);
  if (!built) return false;
  const all = [fileURLToPath(import.meta.url), ...inputs, folder, ...(await sourceFiles(folder))];
  const times = await Promise.all(
    all.map(async (file) => (await stat(file).catch(() => undefined))?.mtimeMs ?? 0),
  );
  return Math.max(...times) < built.mtimeMs;
}

async function compile(output, folder, options, libraries) {
  if (process.platform === 'win32') throw new Error('it needs POSIX threads');
  const compiler = process.env.CC ?? 'cc';
  const files = (await sourceFiles(folder)).filter((file) => file.endsWith('.c'));
  const all = [
    ...WARNINGS,
    ...options,
    ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
    ...['-DNAPI_VERSION=8', '-I', headersFolder()],
  ];
  const { status, error, stderr } = spawnSync(
    compiler,
    [...all, '-o', output, ...files, ...libraries],
    { encoding: 'utf8' },
  );
  if (error) throw new Error(`the compiler ${compiler} could not be started (${error.message})`);
  if (status !== 0) throw new Error(`the compiler ${compiler} failed:\n${stderr}`);
  if (stderr) console.error(stderr);
}

/**
 * Compiles `sources` when needed; returns whether it did. The file appears whole or not at all.
 * `inputs` are what else the output is made from, `libraries` what the compiler takes after the files.
 */
export async function compileAddon({
  sources,
  output,
  inputs,
  options,
  libraries = [],
  force = false,
}) {
  if (!force && (await isUpToDate(output, sources, inputs))) return false;
  const temporary = `${output}.${process.pid}.tmp`;
  try {
    await compile(temporary, sources, options, libraries);
    await rename(temporary, output);
  } finally {
    await rm(temporary, { force: true });
  }
  return true;
}
