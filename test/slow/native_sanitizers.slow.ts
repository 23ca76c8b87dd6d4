import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { skip } from '../support/skip.ts';

/** Where the C compiler has a sanitizer's library; undefined where it has none. */
async function library(name: string): Promise<string | undefined> {
  const compiler = process.env.CC ?? 'cc';
  const found = await runCommand(compiler, [`-print-file-name=${name}`]).catch(() => undefined);
  const path = found?.output.trim();
  return path !== undefined && existsSync(path) ? path : undefined;
}

describe('the native kernels under the address and undefined-behaviour sanitizers', function () {
  this.timeout(20 * 60_000);

  it('compute the case table, random calls and random networks without a finding', async function () {
    if (platform() !== 'linux' || arch() !== 'x64') skip(this, 'the run is for Linux on x86-64');
    for (const name of ['libasan.so', 'libubsan.so']) {
      if ((await library(name)) === undefined) skip(this, `the C compiler has no ${name}`);
    }
    const script = join(repositoryRoot(), 'scripts', 'sanitize_native.mjs');
    const { exitCode, output } = await runCommand(process.execPath, [script]);
    assert.equal(exitCode, 0, output);
    assert.match(output, /The sanitizers found nothing\./);
  });
});
