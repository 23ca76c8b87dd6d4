/**
 * Runs the native kernels under the address and undefined-behaviour sanitizers: every instruction set
 * over the case table, random calls and random networks. `npm run sanitize:native`; Linux with GCC.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tf8-sanitize-'));
const addon = join(folder, 'kernels.node');

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}

/** A sanitizer's library, which must be loaded before Node itself. */
function library(name) {
  const { stdout } = spawnSync(process.env.CC ?? 'cc', [`-print-file-name=${name}`], {
    encoding: 'utf8',
  });
  return stdout.trim();
}

try {
  const macro = ['--define', 'TF8_AVXVNNI_AS_EVEX'];
  const build = join(root, 'scripts', 'build_native.mjs');
  run(process.execPath, [build, '--sanitize', ...macro, '--output', addon]);
  run(
    process.execPath,
    ['--import', 'tsx', join(root, 'test', 'quantize', 'kernels', 'native', 'exercise.ts'), addon],
    {
      LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
      // Node itself leaves memory at its end.
      ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0',
      UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    },
  );
  console.log('The sanitizers found nothing.');
} catch (error) {
  console.error(`The sanitizers' run failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
