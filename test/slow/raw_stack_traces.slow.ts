import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openImageNet } from '../../datasets/imagenet/imagenet.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
import { picture, writeImage } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { recordingReporter } from '../support/recording_reporter.ts';
import { skip } from '../support/skip.ts';
import { TSX } from '../support/without_tfjs_node.ts';

const TF8 = fileURLToPath(new URL('../../scripts/tf8.mjs', import.meta.url));

/** Runs a line of the shell in which "$@" is the `tf8` command. */
async function inShell(script: string): Promise<{ status: number; stderr: string }> {
  const args = ['-c', script, 'sh', process.execPath, '--import', TSX, TF8];
  try {
    const { stderr } = await promisify(execFile)('sh', args);
    return { status: 0, stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { status: code, stderr };
  }
}

/** One sentence, what to do, and nothing of where in the program it arose. */
function assertIsSentence(stderr: string, sentence: RegExp): void {
  assert.match(stderr, sentence);
  assert.doesNotMatch(stderr, /^\s+at .+:\d+:\d+\)?$/m);
}

describe('faults of the system and absurd sizes', function () {
  this.timeout(300_000); // processes of their own

  it('are a sentence where the output goes to a full disk', async function () {
    await stat('/dev/full').catch(() => skip(this, 'there is no /dev/full here'));
    for (const more of ['', '--json']) {
      const { status, stderr } = await inShell(`"$@" describe ${more} > /dev/full`);
      assert.equal(status, 1);
      assertIsSentence(
        stderr,
        /^Error: Expected to write the output but the disk is full\.\n.+\n$/,
      );
    }
  });

  it('are a sentence where a file would be larger than the system allows', () =>
    inFolder(async (dir) => {
      const { status, stderr } = await inShell(
        `ulimit -f 0 && "$@" describe > '${join(dir, 'out')}'`,
      );
      assert.equal(status, 1);
      assertIsSentence(
        stderr,
        /^Error: Expected to write the output but the file would be larger than the system allows\.\n.*ulimit -f unlimited/,
      );
    }));

  it('are a sentence where not even the command can be loaded', async () => {
    const { status, stderr } = await inShell('ulimit -n 24 && "$1" "$4" describe');
    assert.equal(status, 1);
    assertIsSentence(stderr, /^Error: Expected to start tf8 but: EMFILE.*\n.*ulimit -n 4096/);
  });

  for (const [option, value] of [
    ['batch-size', 99999999],
    ['resolution', 100000],
  ] as const) {
    it(`are a sentence where no memory holds a batch: --${option} ${value}`, () =>
      inFolder(async (dir) => {
        const out = join(dir, 'm');
        const { status, stderr } = await inShell(`"$@" train --${option} ${value} --out '${out}'`);
        assert.equal(status, 1);
        assertIsSentence(stderr, /^Error: Expected a batch that fits into memory but .+\n.+\n$/);
        await assert.rejects(stat(out), { code: 'ENOENT' });
      }));
  }

  it('leave out a class folder that may not be read, by name, and go on', async function () {
    if (process.getuid?.() === 0) skip(this, 'the superuser may read every folder');
    await inFolder(async (dir) => {
      for (const label of [0, 1]) await writeImage(dir, label, 'a.png', await picture(label));
      const closed = join(dir, IMAGENET_CLASSES[0].wnid);
      await chmod(closed, 0);
      const reporter = recordingReporter();
      try {
        assert.equal((await openImageNet(dir, reporter)).count('test'), 1);
      } finally {
        await chmod(closed, 0o700);
      }
      assert.match(reporter.messages.join('\n'), /Left out the folder n01440764: .+permission/);
    });
  });
});
