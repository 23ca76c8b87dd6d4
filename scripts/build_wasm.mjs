/**
 * Compiles quantize/kernels/wasm/assembly/ (AssemblyScript) to quantize/kernels/wasm/kernels.wasm and,
 * for several threads over shared memory, to kernels_threads.wasm beside it.
 * Plain JavaScript: the set-up runs it before anything else is compiled.
 *
 *   node scripts/build_wasm.mjs                  compiles unless the output is newer than its sources
 *   node scripts/build_wasm.mjs --force          compiles anyway
 *   node scripts/build_wasm.mjs --output FILE    writes there instead, and to FILE_threads.wasm
 */
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const SOURCES = path.join(ROOT, 'quantize/kernels/wasm/assembly');
const WASM_FILE = path.join(ROOT, 'quantize/kernels/wasm/kernels.wasm');

/** -O3 without size limits inlines the small helpers; no runtime, since nothing is allocated. */
const OPTIONS = [
  ['--optimizeLevel', '3'],
  ['--shrinkLevel', '0'],
  ['--converge'],
  ['--noAssert'],
  ['--runtime', 'stub'],
  ['--enable', 'simd'],
].flat();

/** Memory is imported, to be shared; its declared bound is 2 GiB, the most that int32 offsets reach. */
const THREADS_OPTIONS = [
  ['--enable', 'threads'],
  ['--importMemory'],
  ['--sharedMemory'],
  ['--maximumMemory', '32768'],
].flat();

/** The builds: the source that is its root, its options, and its file where `output` is the first's. */
const BUILDS = [
  { root: 'index.ts', options: OPTIONS, fileOf: (output) => output },
  {
    root: 'threads.ts',
    options: [...OPTIONS, ...THREADS_OPTIONS],
    fileOf: (output) => `${output.replace(/\.wasm$/, '')}_threads.wasm`,
  },
];

/** A compiled module's bytes; the same sources and compiler give the same bytes. */
async function compileKernels({ root, options }) {
  // Loaded only when needed: the compiler takes about a second to start.
  const { default: asc } = await import('assemblyscript/asc');
  const outputs = new Map();
  const { error, stderr } = await asc.main(
    [root, '--baseDir', SOURCES, '--outFile', 'kernels.wasm', ...options],
    { writeFile: (name, contents) => void outputs.set(name, contents) },
  );
  if (error) {
    throw new Error(`asc could not compile ${SOURCES}: ${error.message}\n${stderr.toString()}`);
  }
  return outputs.get('kernels.wasm');
}

/** Whether `output` is newer than every source, this script and the compiler. */
async function isUpToDate(output) {
  const built = await stat(output).catch(() => undefined);
  if (!built) return false;
  const compiler = createRequire(import.meta.url).resolve('assemblyscript/package.json');
  const names = (await readdir(SOURCES)).filter((name) => name.endsWith('.ts'));
  const sources = names.map((name) => path.join(SOURCES, name));
  const inputs = [fileURLToPath(import.meta.url), compiler, SOURCES, ...sources];
  const times = await Promise.all(inputs.map(async (file) => (await stat(file)).mtimeMs));
  return Math.max(...times) < built.mtimeMs;
}

/** Compiles when needed; returns whether it did. The file appears whole or not at all. */
async function buildWasm(build, output, force) {
  if (!force && (await isUpToDate(output))) return false;
  const bytes = await compileKernels(build);
  const temporary = `${output}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, output);
  } finally {
    await rm(temporary, { force: true });
  }
  return true;
}

const { values } = parseArgs({
  options: {
    force: { type: 'boolean', default: false },
    output: { type: 'string', default: WASM_FILE },
  },
});
for (const build of BUILDS) {
  const output = build.fileOf(values.output);
  const built = await buildWasm(build, output, values.force);
  const { size } = await stat(output);
  const file = path.relative(process.cwd(), output);
  console.log(`${file}: ${built ? 'compiled' : 'up to date'}, ${size} bytes`);
}
