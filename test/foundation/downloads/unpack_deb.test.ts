import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackDeb } from '../../../foundation/downloads/fetch_artifact.ts';
import { UserError } from '../../../foundation/errors.ts';
import { inFolder } from '../../support/in_folder.ts';
import { skip } from '../../support/skip.ts';
import { namesIn, withPrograms } from '../support.ts';

function hasDpkg(): boolean {
  try {
    execFileSync('dpkg-deb', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function buildDeb(folder: string): Promise<string> {
  const source = join(folder, 'source');
  await mkdir(join(source, 'DEBIAN'), { recursive: true });
  await writeFile(
    join(source, 'DEBIAN', 'control'),
    'Package: thing\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n',
  );
  await mkdir(join(source, 'usr', 'share'), { recursive: true });
  await writeFile(join(source, 'usr', 'share', 'thing'), 'content');
  execFileSync('dpkg-deb', ['--build', source, join(folder, 'thing.deb')], { stdio: 'ignore' });
  return join(folder, 'thing.deb');
}

describe('unpackDeb', () => {
  before(function () {
    if (!hasDpkg()) skip(this, 'dpkg-deb exists on Debian and its relatives only');
  });

  it('unpacks the files, also over an older folder', () =>
    inFolder(async (folder) => {
      const deb = await buildDeb(folder);
      const out = join(folder, 'out');
      await mkdir(join(out, 'old'), { recursive: true });
      await unpackDeb(deb, out);
      assert.deepEqual(await namesIn(out), ['usr']);
      assert.equal(await readFile(join(out, 'usr', 'share', 'thing'), 'utf8'), 'content');
    }));

  it('names a damaged package and leaves nothing', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'bad.deb'), 'not a package');
      await assert.rejects(unpackDeb(join(folder, 'bad.deb'), join(folder, 'out')), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /Expected a Debian package at .*bad\.deb/);
        return true;
      });
      assert.deepEqual(await namesIn(folder), ['bad.deb']);
    }));

  it('says that dpkg-deb is missing', () =>
    inFolder((folder) =>
      withPrograms({}, () =>
        assert.rejects(unpackDeb('x.deb', join(folder, 'out')), /dpkg-deb .* was not found/),
      ),
    ));
});
