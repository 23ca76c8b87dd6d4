import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inFolder } from '../../support/in_folder.ts';
import { TSX } from '../../support/without_tfjs_node.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/docs/write_docs.ts', import.meta.url));

describe('write_docs', () => {
  it('refuses a folder without a record, without a stack trace', () =>
    inFolder(async (folder) => {
      const { status, stderr } = spawnSync(
        process.execPath,
        ['--import', TSX, SCRIPT, join(folder, 'run')],
        { encoding: 'utf8' },
      );
      assert.equal(status, 1);
      assert.match(
        stderr,
        /^Error: Expected the record of a run at .*run\.json but there is none\nGive the folder/,
      );
      assert.ok(!stderr.includes('    at '));
    }));
});
