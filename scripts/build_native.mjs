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
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compileAddon } from './compile_addon.mjs';

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
const SANITIZERS = ['-g', '-fno-omit-frame-pointer', '-fsanitize=address,undefined'];

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
  const built = await compileAddon({
    sources: SOURCES,
    output: values.output,
    inputs: [fileURLToPath(import.meta.url)],
    options: [
      ...OPTIONS,
      ...(values.sanitize ? SANITIZERS : []),
      ...values.define.map((name) => `-D${name}`),
    ],
    force: values.force,
  });
  const { size } = await stat(values.output);
  console.log(`${file}: ${built ? 'compiled' : 'up to date'}, ${size} bytes`);
} catch (error) {
  console.error(`${file} was not compiled: ${error.message}`);
  process.exitCode = values.optional ? 0 : 1;
}
