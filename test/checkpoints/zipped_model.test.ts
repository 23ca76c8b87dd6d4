import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { floatModelPlace } from '../../checkpoints/float_model_place.ts';
import { withModelFiles } from '../../checkpoints/zipped_model.ts';
import { UserError } from '../../foundation/errors.ts';
import { appendZip } from '../../quantize/export/stored_zip.ts';
import { inFolder } from '../support/in_folder.ts';

async function zipOf(folder: string, entries: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, 'model.zip');
  const files = Object.entries(entries).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
  await writeFile(path, appendZip(new Uint8Array(), files));
  return path;
}

/** Files of the model in a zip by name, with their text. */
async function filesIn(zip: string): Promise<Record<string, string>> {
  const place = await floatModelPlace(zip);
  assert.deepEqual(place, { kind: 'zip', path: zip });
  return withModelFiles(place!, async ({ kind, path }) => {
    assert.equal(kind, 'tfjs');
    const names = await readdir(path);
    const texts = names.map(async (name) => [name, await readFile(join(path, name), 'utf8')]);
    return Object.fromEntries(await Promise.all(texts));
  });
}

async function leftOver(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('tf8-zip-'));
}

describe('a model in a zip', () => {
  const MODEL = { 'model.json': '{}', 'weights.bin': 'weights', 'metadata.json': '{"labels": []}' };

  it('lies in a folder while it is read, which is gone then', () =>
    inFolder(async (folder) => {
      const before = await leftOver();
      assert.deepEqual(await filesIn(await zipOf(folder, MODEL)), MODEL);
      const inner = Object.fromEntries(
        Object.entries(MODEL).map(([name, text]) => [`my model/${name}`, text]),
      );
      const aside = { '__MACOSX/._model.json': 'x', ...inner };
      assert.deepEqual(await filesIn(await zipOf(folder, aside)), MODEL);
      assert.deepEqual(
        (await leftOver()).filter((name) => !before.includes(name)),
        [],
      );
    }));

  it('is refused where names lead out of it, come twice, or none is there', () =>
    inFolder(async (folder) => {
      for (const [name, what] of [
        ['../model.json', /cannot be unpacked \(.*invalid relative path/],
        ['/model.json', /cannot be unpacked \(.*absolute path/],
        ['notes.txt', /holds notes\.txt$/],
      ] as const) {
        await assert.rejects(filesIn(await zipOf(folder, { [name]: '{}' })), {
          name: 'UserError',
          message: what,
        });
      }
      const path = join(folder, 'model.zip');
      const twice = ['a', 'b'].map((text) => ({ name: 'model.json', bytes: Buffer.from(text) }));
      await writeFile(path, appendZip(new Uint8Array(), twice));
      await assert.rejects(filesIn(path), /cannot be unpacked \(EEXIST/);
      await writeFile(path, 'no zip');
      await assert.rejects(filesIn(path), /cannot be unpacked/);
    }));

  it('is called by the zip’s name in errors', () =>
    inFolder(async (folder) => {
      const zip = await zipOf(folder, MODEL);
      const place = (await floatModelPlace(zip))!;
      await assert.rejects(
        withModelFiles(place, async ({ path }) => {
          throw new UserError(`Expected a topology in ${join(path, 'model.json')}`);
        }),
        { message: `Expected a topology in ${join(zip, 'model.json')}` },
      );
      assert.equal(basename(zip), 'model.zip');
    }));
});
