/**
 * Compiles training/cluster/source/ (C) to training/cluster/cluster.node, in one compiler call, linked
 * against the libtensorflow that tfjs-node was set up with. Plain JavaScript, as build_native.mjs.
 *
 *   node scripts/build_cluster.mjs                   compiles unless the output is newer than its sources
 *   node scripts/build_cluster.mjs --optional        ends well where it cannot compile, and says why
 *   node scripts/build_cluster.mjs --library FOLDER  with the lib/ and include/ there, instead of tfjs-node's
 *
 * The compiler is $CC, or cc.
 */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compileAddon } from './compile_addon.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const SOURCES = path.join(ROOT, 'training/cluster/source');
const OUTPUT = path.join(ROOT, 'training/cluster/cluster.node');

const OPTIONS = ['-std=gnu11', '-O2', '-fPIC', '-fvisibility=hidden', '-shared', '-pthread'];

/** The folder of libtensorflow: tfjs-node's `deps`. */
function libraryFolder() {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json');
  return path.join(path.dirname(manifest), 'deps');
}

/** Where the loader looks for the libraries: as seen from the addon, so that a folder can be moved. */
function runPath(lib) {
  const origin = process.platform === 'darwin' ? '@loader_path' : '$ORIGIN';
  return `${origin}/${path.relative(path.dirname(OUTPUT), lib)}`;
}

const { values } = parseArgs({
  options: { library: { type: 'string' }, optional: { type: 'boolean', default: false } },
});
const file = path.relative(process.cwd(), OUTPUT);
try {
  const folder = values.library ?? libraryFolder();
  const lib = path.join(folder, 'lib');
  if (!existsSync(lib)) throw new Error(`libtensorflow was not found at ${lib}`);
  const built = await compileAddon({
    sources: SOURCES,
    output: OUTPUT,
    inputs: [fileURLToPath(import.meta.url), path.join(folder, 'origin.json')],
    options: [
      ...OPTIONS,
      ...['-I', path.join(folder, 'include')],
      ...['-L', lib, `-Wl,-rpath,${runPath(lib)}`],
    ],
    libraries: ['-ltensorflow', '-ltensorflow_framework'],
  });
  const { size } = await stat(OUTPUT);
  console.log(`${file}: ${built ? 'compiled' : 'up to date'}, ${size} bytes`);
} catch (error) {
  console.error(`${file} was not compiled: ${error.message}`);
  process.exitCode = values.optional ? 0 : 1;
}
