import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { buildModel } from '../quantize/model/random_models.ts';
import { runMain } from '../scripts/run_tf8.ts';
import { inFolder } from '../support/in_folder.ts';

const MODEL = buildModel(
  [2, 2, 1],
  128,
  [
    {
      op: 'fullyConnected',
      filters: 2,
      window: [1, 1],
      strides: [1, 1],
      padding: 'same',
      activation: 'linear',
      zeroPoint: 128,
      weightZeroPoint: 128,
      seed: 1,
    },
  ],
  { name: 'm', classNames: ['a', 'b'], labelOffset: 0 },
);

/** A folder with the TF8 file `m.tf8`. */
function inModelFolder(body: (folder: string, model: string) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const model = join(folder, 'm.tf8');
    await writeFile(model, await encodeTf8(MODEL));
    await body(folder, model);
  });
}

function exportTo(model: string, out: string, ...more: string[]) {
  return runMain(['export', model, '--format', 'npz', '--out', out, ...more]);
}

describe('--out', () => {
  it('leaves a pipe as it is, and says what it is', () =>
    inModelFolder(async (folder, model) => {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const { status, stderr } = await exportTo(model, pipe, '--overwrite');
      assert.equal(status, 1);
      assert.match(stderr, /Expected a regular file to write at .*pipe but it is a pipe/);
      assert.ok((await lstat(pipe)).isFIFO());
    }));

  it('writes the file that a link leads to', () =>
    inModelFolder(async (folder, model) => {
      await mkdir(join(folder, 'elsewhere'));
      const link = join(folder, 'link.npz');
      await exportTo(model, join(folder, 'elsewhere', 'm.npz'));
      const first = await readFile(join(folder, 'elsewhere', 'm.npz'));
      await symlink(join('elsewhere', 'm.npz'), link);
      assert.equal((await exportTo(model, link, '--overwrite')).status, 0);
      assert.ok((await lstat(link)).isSymbolicLink());
      assert.deepEqual(await readFile(join(folder, 'elsewhere', 'm.npz')), first);
    }));

  it('refuses the input, under any of its names', () =>
    inModelFolder(async (folder, model) => {
      const before = await readFile(model);
      await symlink('m.tf8', join(folder, 'link'));
      for (const out of [model, join(folder, 'link')]) {
        const { status, stderr } = await exportTo(model, out, '--overwrite');
        assert.equal(status, 1);
        assert.match(stderr, /Expected another file to write than those that are read/);
      }
      assert.deepEqual(await readFile(model), before);
    }));

  it('replaces an export of its own, but no file of another program without --overwrite', () =>
    inModelFolder(async (folder, model) => {
      const out = join(folder, 'm.npz');
      assert.equal((await exportTo(model, out)).status, 0);
      assert.equal((await exportTo(model, out)).status, 0);
      await writeFile(out, 'changed by hand');
      const { status, stderr } = await exportTo(model, out);
      assert.equal(status, 1);
      assert.match(
        stderr,
        /another file lies there\nPass another --out, or --overwrite to replace/,
      );
      assert.equal(await readFile(out, 'utf8'), 'changed by hand');
      assert.equal((await exportTo(model, out, '--overwrite')).status, 0);
    }));
});
