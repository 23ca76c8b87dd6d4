import assert from 'node:assert/strict';
import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tar from 'tar';
import { extractMember } from '../../../foundation/downloads/extract_member.ts';
import { UserError } from '../../../foundation/errors.ts';
import { someValues } from '../../checkpoints/support.ts';
import { inFolder } from '../../support/in_folder.ts';

const CONTENT = Buffer.from(someValues(50_000, 1).buffer);

/** Runs `use` with a gzipped tar that holds `in/graph.pb` among other entries. */
async function withArchive(use: (archive: string, folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', 'before.txt'), 'before');
    await writeFile(join(folder, 'in', 'graph.pb'), CONTENT);
    await symlink('graph.pb', join(folder, 'in', 'link.pb'));
    const archive = join(folder, 'archive.tgz');
    await tar.create({ gzip: true, file: archive, cwd: folder }, ['in']);
    await use(archive, folder);
  });
}

function refuses(reading: Promise<unknown>, what: RegExp): Promise<void> {
  return assert.rejects(reading, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, /archive\.tgz is not a usable archive: /);
    assert.match(error.message, what);
    assert.match(error.remedy!, /^Remove .*archive\.tgz and pull again\.$/);
    return true;
  });
}

describe('extractMember', () => {
  it('gives the bytes of the one file', () =>
    withArchive(async (archive) => {
      const bytes = await extractMember(archive, 'in/graph.pb', CONTENT.length);
      assert.deepEqual(Buffer.from(bytes), CONTENT);
    }));

  it('finds a file in an archive whose paths begin with "./"', () =>
    withArchive(async (archive, folder) => {
      await tar.create({ gzip: true, file: archive, cwd: folder }, ['./in']);
      const entries: string[] = [];
      await tar.list({ file: archive, onReadEntry: ({ path }) => entries.push(path) });
      assert.ok(entries.includes('./in/graph.pb'), entries.join());
      const bytes = await extractMember(archive, 'in/graph.pb', CONTENT.length);
      assert.deepEqual(Buffer.from(bytes), CONTENT);
    }));

  it('refuses a file that is not in the archive, and links and folders of its name', () =>
    withArchive(async (archive) => {
      await refuses(extractMember(archive, 'in/other.pb', 10), /it has no file in\/other\.pb/);
      await refuses(extractMember(archive, 'in/link.pb', 10), /it has no file in\/link\.pb/);
      await refuses(extractMember(archive, 'in/', 10), /it has no file in\//);
    }));

  it('refuses a file larger than the bound without keeping it', () =>
    withArchive((archive) =>
      refuses(
        extractMember(archive, 'in/graph.pb', CONTENT.length - 1),
        /expected at most 199999 bytes for in\/graph\.pb but received 200000/,
      ),
    ));

  it('gives the first of two files of one path', () =>
    withArchive(async (archive, folder) => {
      await tar.create({ file: archive, cwd: folder }, ['in/graph.pb']);
      await writeFile(join(folder, 'in', 'graph.pb'), 'second');
      await tar.replace({ file: archive, cwd: folder }, ['in/graph.pb']);
      const bytes = await extractMember(archive, 'in/graph.pb', CONTENT.length);
      assert.deepEqual(Buffer.from(bytes), CONTENT);
    }));

  it('refuses an archive that is cut off', () =>
    withArchive(async (archive) => {
      await truncate(archive, (await readFile(archive)).length >> 1);
      await refuses(
        extractMember(archive, 'in/graph.pb', CONTENT.length),
        /unexpected end of file/,
      );
    }));

  it('refuses a tar that is cut off after its compression was undone', () =>
    withArchive(async (archive, folder) => {
      await tar.create({ file: archive, cwd: folder }, ['in']);
      const end = (await readFile(archive)).indexOf(CONTENT) + 1000;
      await truncate(archive, end);
      await refuses(extractMember(archive, 'in/graph.pb', CONTENT.length), /Truncated input/);
    }));

  it('refuses a file of another kind', () =>
    inFolder(async (folder) => {
      const archive = join(folder, 'archive.tgz');
      await writeFile(archive, '<html>Sign in to this network</html>'.repeat(100));
      await refuses(extractMember(archive, 'in/graph.pb', 10), /it cannot be unpacked/);
    }));
});
