import assert from 'node:assert/strict';
import { UserError } from '../../../checkpoints/artifacts/errors.ts';
import { asFileError } from '../../../checkpoints/artifacts/file_errors.ts';

describe('asFileError', () => {
  for (const code of ['ENOSPC', 'EDQUOT']) {
    it(`turns ${code} into "the disk is full" with a remedy`, () => {
      const error = asFileError(Object.assign(new Error('x'), { code }), '/cache/file');
      assert.ok(error instanceof UserError);
      assert.match(error.message, /\/cache\/file but the disk is full/);
      assert.match(error.remedy ?? '', /Free some space .*\/cache,/);
    });
  }

  for (const code of ['EACCES', 'EPERM', 'EROFS']) {
    it(`turns ${code} into a missing permission with a remedy`, () => {
      const error = asFileError(Object.assign(new Error('x'), { code }), '/cache/file');
      assert.ok(error instanceof UserError);
      assert.match(error.message, new RegExp(`write /cache/file .*${code}`));
      assert.match(error.remedy ?? '', /Make \/cache writable/);
    });
  }

  it('leaves every other error as it is', () => {
    const error = new Error('other');
    assert.equal(asFileError(error, '/cache/file'), error);
  });
});
