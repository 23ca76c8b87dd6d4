import assert from 'node:assert/strict';
import { join } from 'node:path';
import { labelsBeside } from '../../../workflows/open/labels_beside.ts';
import { writeTree } from '../../datasets/support.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('labelsBeside', () => {
  const labels = (files: Readonly<Record<string, string>>, outputs: number, path = 'model.h5') =>
    inFolder(async (folder) => {
      await writeTree(folder, { 'model.h5': '', ...files });
      return labelsBeside(join(folder, path), outputs);
    });

  it('reads the lines of labels.txt, numbered from 0 or not', async () => {
    const file = 'labels.txt';
    const classNames = ['cat', 'big dog'];
    assert.deepEqual(await labels({ [file]: '0 cat\r\n1 big dog\r\n' }, 2), { classNames, file });
    assert.deepEqual(await labels({ [file]: 'cat\nbig dog' }, 2), { classNames, file });
    const others = ['10 pins', '11 pins'];
    assert.deepEqual((await labels({ [file]: others.join('\n') }, 2))?.classNames, others);
  });

  it("reads Teachable Machine's metadata.json first, also of a folder", async () => {
    const files = { 'metadata.json': '{"labels":["a","b"]}', 'labels.txt': 'c\nd' };
    const expected = { classNames: ['a', 'b'], file: 'metadata.json' };
    assert.deepEqual(await labels(files, 2), expected);
    assert.deepEqual(await labels(files, 2, ''), expected);
  });

  it('takes no list that has not a name of its own for each output', async () => {
    for (const text of ['cat', 'cat\ndog\neel', 'cat\ncat', 'cat\n\n', '']) {
      assert.equal(await labels({ 'labels.txt': text }, 2), undefined, JSON.stringify(text));
    }
    for (const text of ['{', '[]', '{"labels":"ab"}', '{"labels":[1,2]}']) {
      assert.equal(await labels({ 'metadata.json': text }, 2), undefined, text);
    }
    assert.equal(await labels({}, 2), undefined);
  });
});
