/**
 * Compiles quantize/kernels/wasm/assembly/ (AssemblyScript) to quantize/kernels/wasm/kernels.wasm.
 * Plain JavaScript: the set-up runs it before anything else is compiled.
 *
 *   node scripts/build_wasm.mjs                  compiles unless the output is newer than its sources
 *   node scripts/build_wasm.mjs --force          compiles anyway
 *   node scripts/build_wasm.mjs --output FILE    writes there instead
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

/** The compiled module's bytes; the same sources and compiler give the same bytes. */
async function compileKernels() {
  // Loaded only when needed: the compiler takes about a second to start.
  const { default: asc } = await import('assemblyscript/asc');
  const outputs = new Map();
  const { error, stderr } = await asc.main(
    ['index.ts', '--baseDir', SOURCES, '--outFile', 'kernels.wasm', ...OPTIONS],
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
async function buildWasm({ force, output }) {
  if (!force && (await isUpToDate(output))) return false;
  const bytes = await compileKernels();
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
const built = await buildWasm(values);
const { size } = await stat(values.output);
const file = path.relative(process.cwd(), values.output);
console.log(`${file}: ${built ? 'compiled' : 'up to date'}, ${size} bytes`);
