import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { ONE_DNN_VARIABLE } from '../../training/tensorflow_environment.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

const MOCHA = join(
  dirname(createRequire(import.meta.url).resolve('mocha/package.json')),
  'bin',
  'mocha.js',
);

/** The other tests have it on, as every training of a user who says nothing else. */
describe('training without oneDNN', function () {
  this.timeout(20 * 60_000);

  before(needsTensorFlow);

  it('passes the tests of test/training, except for dilated depthwise convolutions', async () => {
    const { exitCode, output } = await runCommand(
      process.execPath,
      [MOCHA, '--timeout', '300000', 'test/training/**/*.test.ts'],
      { cwd: repositoryRoot(), env: { ...process.env, [ONE_DNN_VARIABLE]: '0' } },
    );
    assert.equal(exitCode, 0, output.slice(-10_000));
    assert.match(output, /[1-9]\d* passing/);
  });
});
