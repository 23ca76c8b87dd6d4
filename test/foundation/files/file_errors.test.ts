import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { UserError } from '../../../foundation/errors.ts';
import { asFileError, asReadError, asSystemError } from '../../../foundation/files/file_errors.ts';

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
    ['ENAMETOOLONG', 'Expected the system to take the name of /a/b but it is too long.', /shorter/],
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

describe('every error code of the system', () => {
  for (const code of Object.keys(constants.errno)) {
    it(`is a sentence with a remedy: ${code}`, () => {
      const error = Object.assign(new Error(`${code}: x, open '/a/b'`), {
        code,
        syscall: 'open',
        path: '/a/b',
      });
      for (const [explained, expected] of [
        [asFileError(error, '/a/b'), /^Expected .*\/a.* but .+\.$/],
        [asReadError(error, '/a/b'), /^Expected to read \/a\/b but .+\.$/],
        [asSystemError(error), /^Expected to open \/a\/b but .+\.$/],
      ] as const) {
        assert.ok(explained instanceof UserError);
        assert.match(explained.message, expected);
        assert.match(explained.remedy ?? '', /^[A-Z].*\.$/);
        assert.equal(explained.cause, error);
      }
    });
  }

  it("leaves Node's own codes and errors without one as they are", () => {
    for (const error of [
      Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' }),
      new Error('x'),
      'x',
      null,
    ]) {
      assert.equal(asReadError(error, '/a/b'), error);
      assert.equal(asFileError(error, '/a/b'), error);
    }
  });

  it('names both paths of a renaming and the call in words', () => {
    const error = { code: 'EXDEV', syscall: 'rename', path: '/a', dest: '/b' };
    assert.equal(
      (asSystemError(error) as UserError).message,
      'Expected to rename /a as /b but it would have to move to another disk.',
    );
    const listing = { code: 'EACCES', syscall: 'scandir', path: '/a' };
    assert.equal(
      (asSystemError(listing) as UserError).message,
      'Expected to read the folder /a but the permission is missing.',
    );
  });
});
