/**
 * Runs a C library of `tf8 export` on an emulated Cortex-M4 (qemu's board mps2-an386) and compares every
 * byte of every layer. `node scripts/emulate_cortex_m.mjs NAME IMAGE EXPECTED … [--folder FOLDER]`: NAME.c and
 * NAME_main.c are the export, IMAGE the input's bytes, EXPECTED the bytes of all layers; more of both may follow.
 * Debian, no root.
 *
 * The cross compiler and the emulator are Debian's packages, unpacked but not installed; a folder that is
 * given keeps them (1 GB) for the next time. The program's files are read and written by semihosting.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const PACKAGES = [
  'gcc-arm-none-eabi',
  'binutils-arm-none-eabi',
  'libnewlib-arm-none-eabi',
  'libnewlib-dev',
  'qemu-system-arm',
  // Libraries of the emulator.
  ...['libfdt1', 'libcapstone4', 'libpmem1', 'librdmacm1', 'libibverbs1', 'libslirp0'],
  ...['libvdeplug2', 'liburing2', 'libfuse3-3', 'libaio1', 'libndctl6', 'libdaxctl1'],
  ...['libnl-3-200', 'libnl-route-3-200', 'libnuma1'],
];

/** The board's memory: 4 MB where the processor starts, and 16 MB that hold weights and arena. */
const LINKER_SCRIPT = `MEMORY {
  CODE (rwx) : ORIGIN = 0x00000000, LENGTH = 4M
  RAM (rwx) : ORIGIN = 0x21000000, LENGTH = 16M
}
ENTRY(_start)
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.init) *(.fini) } > CODE
  .data : { *(.rodata*) *(.data*) *(.init_array*) *(.fini_array*) } > RAM
  .exidx : { *(.ARM.exidx*) } > RAM
  .bss : {
    __bss_start__ = .; *(.bss*) *(COMMON) __bss_end__ = .;
    end = .; _end = .; __end__ = .;
  } > RAM
}
`;
/** The processor takes its stack and its first instruction from there. */
const VECTORS = `extern void _start(void);
__attribute__((section(".vectors"), used)) static void *const vectors[] = {(void *)0x21F00000, (void *)_start};
`;

function run(command, args, { cwd, env = {} } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}

/** Unpacks the Debian packages into `folder`/root, which appears whole or not at all. */
function unpackTools(folder) {
  const at = (name) => path.join(folder, name);
  const [debs, part] = [at('packages'), at('root.part')];
  for (const left of [debs, part]) rmSync(left, { recursive: true, force: true });
  mkdirSync(debs, { recursive: true });
  run('apt-get', ['download', ...PACKAGES], { cwd: debs });
  for (const name of readdirSync(debs)) run('dpkg-deb', ['-x', path.join(debs, name), part]);
  renameSync(part, at('root'));
  rmSync(debs, { recursive: true });
}

function emulate(folder, [name, ...files]) {
  if (!existsSync(path.join(folder, 'root'))) unpackTools(folder);
  const root = path.join(folder, 'root');
  const usr = path.join(root, 'usr');
  const libraries = ['usr/lib', 'lib'].map((part) => path.join(root, part, 'x86_64-linux-gnu'));
  const env = { LD_LIBRARY_PATH: libraries.join(':') };
  const newlib = path.join(usr, 'lib/arm-none-eabi/newlib');
  const at = (file) => path.join(folder, file);
  writeFileSync(at('board.ld'), LINKER_SCRIPT);
  writeFileSync(at('vectors.c'), VECTORS);
  run(
    path.join(usr, 'bin/arm-none-eabi-gcc'),
    [
      ...['-isystem', path.join(usr, 'include/newlib'), `-B${newlib}/`],
      ...[`-specs=${path.join(newlib, 'rdimon.specs')}`, '-T', at('board.ld')],
      ...['-std=c99', '-Wall', '-Wextra', '-Werror', '-O2', '-mcpu=cortex-m4', '-mthumb'],
      ...[at('vectors.c'), `${name}.c`, `${name}_main.c`, '-o', at('program.elf')],
    ],
    { env },
  );
  for (let each = 0; each < files.length; each += 2) {
    const [image, expected] = files.slice(each, each + 2);
    copyFileSync(image, at('image'));
    rmSync(at('layers'), { force: true });
    run(
      path.join(usr, 'bin/qemu-system-arm'),
      [
        ...['-L', path.join(usr, 'share/qemu'), '-M', 'mps2-an386', '-nographic'],
        ...['-monitor', 'none', '-semihosting-config'],
        'enable=on,target=native,arg=run,arg=image,arg=layers',
        ...['-kernel', at('program.elf')],
      ],
      { cwd: folder, env },
    );
    if (readFileSync(at('layers')).equals(readFileSync(expected))) continue;
    throw new Error(`the layers of ${name}.c differ from ${expected}`);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: 'string' } },
});
const folder = values.folder
  ? path.resolve(values.folder)
  : mkdtempSync(path.join(tmpdir(), 'tf8-cortex-m-'));
try {
  const isPaired = positionals.length >= 3 && positionals.length % 2 === 1;
  if (!isPaired) throw new Error('expected NAME, and IMAGE and EXPECTED once or more');
  mkdirSync(folder, { recursive: true });
  emulate(folder, positionals);
  console.log('The emulated Cortex-M4 gives the bytes of the executor.');
} catch (error) {
  console.error(`The emulated run failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  if (!values.folder) rmSync(folder, { recursive: true, force: true });
}
