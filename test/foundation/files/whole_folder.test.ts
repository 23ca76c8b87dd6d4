import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeWholeFolder } from '../../../foundation/files/whole_folder.ts';
import { inFolder } from '../../support/in_folder.ts';
import { namesIn } from '../support.ts';

const holding = (text: string) => (folder: string) => writeFile(join(folder, 'file'), text);

describe('makeWholeFolder', () => {
  it('makes the folder with those above it, and replaces one that stands there', () =>
    inFolder(async (root) => {
      const folder = join(root, 'above', 'made');
      for (const text of ['first', 'second']) {
        await makeWholeFolder(folder, holding(text));
        assert.equal(await readFile(join(folder, 'file'), 'utf8'), text);
      }
      assert.deepEqual(await namesIn(join(root, 'above')), ['made']);
    }));

  it('leaves what stood there, and nothing else, where the new one is not finished', () =>
    inFolder(async (root) => {
      const folder = join(root, 'made');
      await makeWholeFolder(folder, holding('first'));
      const failing = makeWholeFolder(folder, async (temporary) => {
        await holding('second')(temporary);
        throw new Error('enough');
      });
      await assert.rejects(failing, /enough/);
      assert.equal(await readFile(join(folder, 'file'), 'utf8'), 'first');
      assert.deepEqual(await namesIn(root), ['made']);
    }));

  it('leaves one whole folder where several processes make it at once', () =>
    inFolder(async (root) => {
      const folder = join(root, 'made');
      const texts = ['a', 'b', 'c', 'd'];
      await Promise.all(texts.map((text) => makeWholeFolder(folder, holding(text))));
      assert.ok(texts.includes(await readFile(join(folder, 'file'), 'utf8')));
      assert.deepEqual(await namesIn(root), ['made']);
    }));
});
