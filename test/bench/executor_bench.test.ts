import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../foundation/repository.ts';

async function bench(...args: string[]) {
  const command = ['--import', 'tsx', 'bench/executor.ts', ...args];
  const options = { cwd: repositoryRoot() };
  return promisify(execFile)(process.execPath, command, options).catch((error) => error);
}

describe('bench:executor', () => {
  it('tells its options', async () => {
    const { stdout } = await bench('--help');
    for (const option of [
      '--network',
      '--runs',
      '--imagenet',
      '--no-peers',
      '--json',
      '--record',
    ]) {
      assert.ok(stdout.includes(`  ${option}`), option);
    }
  });

  // Of options that there are not: test/slow/bench_options.slow.ts.
  it('refuses a number of rounds that is none', async () => {
    const rounds = await bench('--runs', '0');
    assert.equal(rounds.code, 1);
    assert.equal(rounds.stderr, 'Error: Expected a number from 1 for --runs but received "0"\n');
  });
});
