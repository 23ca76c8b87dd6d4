import assert from 'node:assert/strict';
import { npmCommand } from '../../foundation/processes/npm_command.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { INSTALL_TIMEOUT_MS, plainEnvironment, ROOT } from '../package/installed.ts';

/** Compiles this checkout anew, in place: nothing else may run the command meanwhile. */
describe('npm pack', function () {
  this.timeout(INSTALL_TIMEOUT_MS);

  it('compiles what it packs, from an empty dist/', async () => {
    const [command, args] = npmCommand(['pack', '--dry-run', '--json']);
    const { exitCode, output } = await runCommand(command, args, {
      cwd: ROOT,
      env: plainEnvironment(),
    });
    assert.equal(exitCode, 0, output);
    assert.match(output, /dist\/workflows\/report\/page\.bundle\.js/);
    assert.match(output, /dist\/training\/entry\.js/);
  });
});
