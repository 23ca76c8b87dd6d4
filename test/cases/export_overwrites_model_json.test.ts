import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runMain } from '../scripts/run_tf8.ts';
import { inFolder } from '../support/in_folder.ts';
import { sharedFolder } from '../support/skip.ts';

describe('an export whose manifest would lie on the input', () => {
  it('is refused before the work, whatever is to be overwritten', async function () {
    const shared = sharedFolder(this, 'cases/export-overwrites-model-json');
    await inFolder(async (folder) => {
      const copy = join(folder, 'copy');
      await cp(shared, copy, { recursive: true });
      const input = join(copy, 'model.json');
      const before = await readFile(input);
      for (const more of [[], ['--overwrite']]) {
        const { status, stderr } = await runMain([
          'export',
          input,
          '--calibration-data',
          folder,
          '--format',
          'npz',
          '--out',
          join(copy, 'model'),
          ...more,
        ]);
        assert.equal(status, 1);
        assert.match(stderr, /Expected another file to write than those that are read/);
      }
      assert.deepEqual(await readFile(input), before);
    });
  });
});
