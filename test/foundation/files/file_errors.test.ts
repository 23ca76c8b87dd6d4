import assert from 'node:assert/strict';
import { UserError } from '../../../foundation/errors.ts';
import { asFileError } from '../../../foundation/files/file_errors.ts';

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

  for (const [code, message, remedy] of [
    ['EISDIR', 'Expected a file to write at /a/b but it is a folder.', /a file/],
    ['EEXIST', 'Expected a folder at /a but a file is in its place.', /another folder/],
    ['ENOTDIR', 'Expected a folder at /a but a file is in its place.', /another folder/],
    ['ENOENT', 'Expected to write /a/b but its folder cannot be made.', /Check the path/],
    ['ENAMETOOLONG', 'Expected a name that the system takes but /a/b is too long.', /shorter/],
  ] as const) {
    it(`turns ${code} into what is wrong with the path`, () => {
      const error = asFileError(Object.assign(new Error('x'), { code }), '/a/b');
      assert.ok(error instanceof UserError);
      assert.equal(error.message, message);
      assert.match(error.remedy ?? '', remedy);
    });
  }

  it('leaves every other error as it is', () => {
    const error = new Error('other');
    assert.equal(asFileError(error, '/cache/file'), error);
  });
});
