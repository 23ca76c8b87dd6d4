import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfBytes, sha256OfFile } from '../../../foundation/hashes/sha256.ts';
import { inFolder } from '../../support/in_folder.ts';

// FIPS 180-2, appendix B.1
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('sha256', () => {
  it('gives the standard digest of "abc" for text and bytes', () => {
    assert.equal(sha256OfBytes('abc'), ABC);
    assert.equal(sha256OfBytes(new Uint8Array([97, 98, 99])), ABC);
  });

  it('gives the same for a file', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'abc'), 'abc');
      assert.equal(await sha256OfFile(join(folder, 'abc')), ABC);
    }));
});
