import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { keyOf, readStored, writeStored } from '../../../workflows/records/stored_result.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

const IDENTITY = { version: 1, seed: 0 };
const STORED = { result: { top1: 70.5 }, seconds: 2.5 };
const SCHEMA = z.strictObject({ top1: z.number() });

describe('stored results', () => {
  let reporter: ReturnType<typeof recordingReporter>;
  beforeEach(() => {
    reporter = recordingReporter();
  });

  it('are read back by their identity', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'inner', 'a.json');
      await writeStored(path, IDENTITY, STORED);
      assert.deepEqual(await readStored(path, IDENTITY, SCHEMA, reporter), STORED);
      assert.deepEqual(reporter.messages, []);
    }));

  it('are not there before they are written, which is nothing to warn of', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.json');
      assert.equal(await readStored(path, IDENTITY, SCHEMA, reporter), undefined);
      assert.deepEqual(reporter.messages, []);
    }));

  for (const [what, damage, reason] of [
    ['cut off', (text: string) => text.slice(0, -9), /JSON/],
    ['with another figure', (text: string) => text.replace('70.5', '90.5'), /not what was stored/],
    ['with another time', (text: string) => text.replace('2.5', '3.5'), /not what was stored/],
    ['without its hash', (text: string) => text.replace('sha256', 'sha'), /sha256/],
  ] as const) {
    it(`${what}: are as if not there, with a warning`, () =>
      inFolder(async (folder) => {
        const path = join(folder, 'a.json');
        await writeStored(path, IDENTITY, STORED);
        await writeFile(path, damage(await readFile(path, 'utf8')));
        assert.equal(await readStored(path, IDENTITY, SCHEMA, reporter), undefined);
        assert.equal(reporter.messages.length, 1);
        assert.match(reporter.messages[0], /a\.json is damaged and made again: /);
        assert.match(reporter.messages[0], reason);
      }));
  }

  it('that cannot be read are refused, not made again', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.json');
      await mkdir(path);
      await assert.rejects(readStored(path, IDENTITY, SCHEMA, reporter), {
        name: 'UserError',
        message: /^Expected a stored result in .*a\.json but: EISDIR/,
        remedy: 'See to it that it can be read, or remove it: then it is made again.',
      });
      assert.deepEqual(reporter.messages, []);
    }));

  it('of another identity, or of another form, are as if not there', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.json');
      await writeStored(path, IDENTITY, STORED);
      assert.equal(await readStored(path, { ...IDENTITY, seed: 1 }, SCHEMA, reporter), undefined);
      assert.match(reporter.messages[0], /it is another's$/);
      assert.equal(await readStored(path, IDENTITY, z.string(), reporter), undefined);
      assert.match(reporter.messages[1], /expected string/);
    }));

  it('equal identities have one key, others another', () => {
    assert.match(keyOf(IDENTITY), /^[0-9a-f]{12}$/);
    assert.equal(keyOf({ ...IDENTITY }), keyOf(IDENTITY));
    assert.notEqual(keyOf({ ...IDENTITY, seed: 1 }), keyOf(IDENTITY));
  });
});
