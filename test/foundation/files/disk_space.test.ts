import assert from 'node:assert/strict';
import { requireSpace } from '../../../foundation/files/disk_space.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('requireSpace', () => {
  it('says how much is needed and how much there is', () =>
    inFolder((folder) =>
      assert.rejects(
        requireSpace(folder, 1e18, 'to unpack TensorFlow'),
        /1000000000000 MB are needed to unpack TensorFlow but .* has \d+ MB free/,
      ),
    ));

  it('names a folder that does not exist', () =>
    assert.rejects(
      requireSpace('/no/such/folder', 1, ''),
      /\/no\/such\/folder cannot be examined/,
    ));
});
