/**
 * Compiles quantize/kernels/native/source/ (C) to quantize/kernels/native/kernels.node, in one
 * compiler call. Plain JavaScript: the set-up runs it before anything else is compiled.
 *
 *   node scripts/build_native.mjs                  compiles unless the output is newer than its sources
 *   node scripts/build_native.mjs --force          compiles anyway
 *   node scripts/build_native.mjs --optional       ends well where it cannot compile, and says why
 *   node scripts/build_native.mjs --sanitize       with the address and undefined-behaviour sanitizers
 *   node scripts/build_native.mjs --define NAME    with a macro of the sources (of tests)
 *   node scripts/build_native.mjs --output FILE    writes there instead
 *
 * The compiler is $CC, or cc.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const SOURCES = path.join(ROOT, 'quantize/kernels/native/source');
const NATIVE_FILE = path.join(ROOT, 'quantize/kernels/native/kernels.node');

/**
 * -ffp-contract=off: eq. 5 is a multiplication with a rounding of its own, never a part of a
 * fused one. -fvisibility=hidden: no function of Node's own takes the place of one of ours. Instruction
 * sets beyond the processor family's own are asked for function by function.
 */
const OPTIONS = [
  ...['-std=gnu11', '-O3', '-ffp-contract=off'],
  ...['-fPIC', '-fvisibility=hidden', '-shared', '-pthread'],
];
/** An undeclared function would return an int: the upper half of a pointer, lost. */
const WARNINGS = [
  ...['-Wall', '-Wextra', '-Wno-unknown-pragmas'],
  ...['-Werror=implicit-function-declaration', '-Werror=int-conversion'],
];
const SANITIZERS = ['-g', '-fno-omit-frame-pointer', '-fsanitize=address,undefined'];

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

async function sourceFiles() {
  const names = await readdir(SOURCES);
  return names.toSorted().map((name) => path.join(SOURCES, name));
}

/** Whether `output` is newer than every source and this script. */
async function isUpToDate(output) {
  const built = await stat(output).catch(() => undefined);
  if (!built) return false;
  const inputs = [fileURLToPath(import.meta.url), SOURCES, ...(await sourceFiles())];
  const times = await Promise.all(inputs.map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(...times) < built.mtimeMs;
}

async function compile(output, sanitize, define) {
  if (process.platform === 'win32') throw new Error('the native kernels need POSIX threads');
  const compiler = process.env.CC ?? 'cc';
  const files = (await sourceFiles()).filter((file) => file.endsWith('.c'));
  const options = [
    ...OPTIONS,
    ...WARNINGS,
    ...(sanitize ? SANITIZERS : []),
    ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
    ...define.map((name) => `-D${name}`),
    ...['-DNAPI_VERSION=8', '-I', headersFolder()],
  ];
  const { status, error, stderr } = spawnSync(compiler, [...options, '-o', output, ...files], {
    encoding: 'utf8',
  });
  if (error) throw new Error(`the compiler ${compiler} could not be started (${error.message})`);
  if (status !== 0) throw new Error(`the compiler ${compiler} failed:\n${stderr}`);
  if (stderr) console.error(stderr);
}

/** Compiles when needed; returns whether it did. The file appears whole or not at all. */
async function buildNative({ force, sanitize, define, output }) {
  if (!force && (await isUpToDate(output))) return false;
  const temporary = `${output}.${process.pid}.tmp`;
  try {
    await compile(temporary, sanitize, define);
    await rename(temporary, output);
  } finally {
    await rm(temporary, { force: true });
  }
  return true;
}

const { values } = parseArgs({
  options: {
    force: { type: 'boolean', default: false },
    optional: { type: 'boolean', default: false },
    sanitize: { type: 'boolean', default: false },
    define: { type: 'string', multiple: true, default: [] },
    output: { type: 'string', default: NATIVE_FILE },
  },
});
const file = path.relative(process.cwd(), values.output);
try {
  const built = await buildNative(values);
  const { size } = await stat(values.output);
  console.log(`${file}: ${built ? 'compiled' : 'up to date'}, ${size} bytes`);
} catch (error) {
  console.error(`${file} was not compiled: ${error.message}`);
  process.exitCode = values.optional ? 0 : 1;
}
