import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines, NOT_FOUND, runCommand } from '../../../foundation/processes/run_command.ts';
import { inFolder } from '../../support/in_folder.ts';

const node = (program: string, options = {}) =>
  runCommand(process.execPath, ['-e', program], options);

describe('runCommand', () => {
  it('keeps both streams, and standard output apart', async () => {
    const errors: string[] = [];
    const result = await node(
      'process.stdout.write("ä"); setTimeout(() => { console.error("oh"); process.exitCode = 3 }, 50)',
      { onErrorOutput: (text: string) => errors.push(text) },
    );
    assert.deepEqual(result, { exitCode: 3, stdout: 'ä', output: 'äoh\n' });
    assert.equal(errors.join(''), 'oh\n');
  });

  it('says of a program that is not there what a shell says', async () => {
    const { exitCode, output } = await runCommand('no-such-program', []);
    assert.equal(exitCode, NOT_FOUND);
    assert.match(output, /no-such-program: not found/);
  });

  it('tells a program that cannot be started from one that is not there', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'program');
      await writeFile(path, '');
      await chmod(path, 0o644);
      const { exitCode, output } = await runCommand(path, []);
      assert.equal(exitCode, 126);
      assert.match(output, /EACCES/);
    }));

  it('says which signal ended the program', async () => {
    const { exitCode, output } = await node('process.kill(process.pid, "SIGKILL")');
    assert.equal(exitCode, 1);
    assert.match(output, /ended by SIGKILL/);
  });

  it('rejects with the signal’s reason', async () => {
    const reason = new Error('enough');
    await assert.rejects(node('', { signal: AbortSignal.abort(reason) }), reason);
  });

  it('gives the program the environment and the folder it is told', () =>
    inFolder(async (folder) => {
      const { stdout } = await node('console.log(process.cwd(), process.env.ONE)', {
        cwd: folder,
        env: { ONE: '1' },
      });
      assert.equal(stdout, `${folder} 1\n`);
    }));
});

describe('lastLines', () => {
  it('gives the last lines that say something, in one', () =>
    assert.equal(lastLines('a\n\n b \r\nc\n\nd\n'), 'b | c | d'));
});
