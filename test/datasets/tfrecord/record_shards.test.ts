import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { findRecordShards } from '../../../datasets/tfrecord/record_shards.ts';
import { inFolder } from '../../support/in_folder.ts';
import { writeTree } from '../support.ts';

function names(split: string, total: number): string[] {
  const digits = (value: number) => String(value).padStart(5, '0');
  return Array.from({ length: total }, (_, n) => `${split}-${digits(n)}-of-${digits(total)}`);
}

/** Files of which file n has n bytes. */
function files(paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(paths.map((path, n) => [path, 'x'.repeat(n)]));
}

describe('findRecordShards', () => {
  it('finds both splits in one folder, in the order of their numbers', () =>
    inFolder(async (folder) => {
      const train = names('train', 12);
      const validation = names('validation', 2);
      await writeTree(folder, { ...files(train), ...files(validation), 'labels.txt': '' });
      const sets = await findRecordShards(folder);
      assert.deepEqual(
        sets?.train?.map(({ name, path, bytes }) => [name, path, bytes]),
        train.map((name, n) => [name, join(folder, name), n]),
      );
      assert.deepEqual(
        sets?.validation?.map(({ name }) => name),
        validation,
      );
    }));

  it('finds them in train/ and validation/', () =>
    inFolder(async (folder) => {
      await writeTree(folder, files(names('train', 2).map((name) => `train/${name}`)));
      await writeTree(folder, files(names('validation', 1).map((name) => `validation/${name}`)));
      const sets = await findRecordShards(folder);
      assert.equal(sets?.train?.[1].path, join(folder, 'train/train-00001-of-00002'));
      assert.equal(sets?.validation?.length, 1);
    }));

  it('finds one split alone', () =>
    inFolder(async (folder) => {
      await writeTree(folder, files(names('validation', 3)));
      assert.deepEqual(Object.keys((await findRecordShards(folder))!), ['validation']);
    }));

  it('finds nothing in a folder without such files, nor where no folder is', () =>
    inFolder(async (folder) => {
      await writeTree(folder, {
        'train/n01440764/a.jpg': '',
        'train-1-of-2': '',
        'a.tfrecord': '',
      });
      assert.equal(await findRecordShards(folder), undefined);
      assert.equal(await findRecordShards(join(folder, 'none')), undefined);
      assert.equal(await findRecordShards(join(folder, 'a.tfrecord')), undefined);
    }));

  const refusals: readonly (readonly [string, readonly string[], string])[] = [
    [
      'a missing file',
      names('train', 4).filter((_, n) => n !== 2),
      'Expected 4 train files in FOLDER but train-00002-of-00004 is missing.',
    ],
    [
      'many missing files, five by name',
      names('train', 9).slice(0, 2),
      'Expected 9 train files in FOLDER but train-00002-of-00009, train-00003-of-00009, train-00004-of-00009, train-00005-of-00009, train-00006-of-00009 and 2 more are missing.',
    ],
    [
      'two sets in one folder',
      [...names('train', 2), ...names('train', 3)],
      'Expected the train files of one set in FOLDER but found some of 00002 and some of 00003.',
    ],
    [
      'a number beyond the set',
      [...names('validation', 2), 'validation-00007-of-00002'],
      'Expected validation-00000-of-00002 to validation-00001-of-00002 in FOLDER but found validation-00007-of-00002 too.',
    ],
    [
      'a set too large to be numbered',
      ['train-00000-of-70000'],
      'Expected 1 to 65536 train files in FOLDER but their names say 70000.',
    ],
    [
      'a set of no files',
      ['train-00000-of-00000'],
      'Expected 1 to 65536 train files in FOLDER but their names say 0.',
    ],
  ];
  for (const [what, paths, message] of refusals) {
    it(`refuses ${what}`, () =>
      inFolder(async (folder) => {
        await writeTree(folder, files(paths));
        await assert.rejects(findRecordShards(folder), {
          name: 'UserError',
          message: message.replace('FOLDER', folder),
          remedy: /./,
        });
      }));
  }

  it('refuses a file that is a dangling link', () =>
    inFolder(async (folder) => {
      await symlink(join(folder, 'gone'), join(folder, 'train-00000-of-00001'));
      await assert.rejects(findRecordShards(folder), {
        name: 'UserError',
        message: /^Expected a TFRecord file at .*train-00000-of-00001 but ENOENT/,
      });
    }));

  it('refuses a folder that cannot be listed', () =>
    inFolder(async (folder) => {
      const loop = join(folder, 'loop');
      await symlink(loop, loop);
      await assert.rejects(findRecordShards(loop), {
        name: 'UserError',
        message: /^Expected a folder that can be listed at .*loop but ELOOP/,
      });
    }));
});
