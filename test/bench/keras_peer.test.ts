import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KerasPeer } from '../../bench/peers/keras_peer.ts';
import { inFolder } from '../support/in_folder.ts';

/** A shell script in the place of Python. */
async function program(folder: string, script: string): Promise<string> {
  const path = join(folder, 'python');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('KerasPeer', () => {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  it('asks and answers in lines of JSON', () =>
    inFolder(async (folder) => {
      const answers = `read line; echo '{"losses": [2, 1]}'; read line; echo "{\\"images\\": 1, \\"seconds\\": 2}"; cat`;
      const python = await program(folder, answers);
      const peer = new KerasPeer(python, process.env, new AbortController().signal);
      assert.deepEqual(await peer.losses(2), [2, 1]);
      assert.deepEqual(await peer.round('step', 2), { images: 1, seconds: 2 });
      peer.close();
    }));

  it('tells what the process said last where it ends early', () =>
    inFolder(async (folder) => {
      const python = await program(folder, 'echo "ValueError: the networks differ" >&2; exit 1');
      const peer = new KerasPeer(python, process.env, new AbortController().signal);
      await assert.rejects(peer.losses(1), {
        name: 'UserError',
        message: 'The Keras process ended (exit code 1): ValueError: the networks differ',
      });
    }));

  it('ends with the reason of the signal', () =>
    inFolder(async (folder) => {
      const python = await program(folder, 'exec sleep 60');
      const interruption = new AbortController();
      const peer = new KerasPeer(python, process.env, interruption.signal);
      const losses = peer.losses(1);
      interruption.abort(new Error('interrupted'));
      await assert.rejects(losses, /interrupted/);
    }));
});
