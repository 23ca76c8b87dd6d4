import assert from 'node:assert/strict';
import { asTold, stackOf } from '../../scripts/faults.ts';
import { visibleResult } from '../../scripts/visible_result.ts';

describe('errors that nobody foresaw', () => {
  it('are a sentence where the system has no file, memory or disk left', () => {
    const full = Object.assign(new Error('EMFILE'), {
      code: 'EMFILE',
      syscall: 'open',
      path: '/a',
    });
    assert.equal(
      asTold(full).message,
      'Expected to open /a but this process has as many files open as it may.',
    );
    assert.match(asTold(full).remedy ?? '', /ulimit -n/);
    for (const error of [
      new RangeError('Array buffer allocation failed'),
      new RangeError('Invalid typed array length: 99999999999'),
      new Error('OOM when allocating tensor with shape[1,2]'),
    ]) {
      assert.match(
        asTold(error).message,
        /^Expected memory for this work but the machine has none/,
      );
      assert.match(asTold(error).remedy ?? '', /smaller batch/);
    }
  });

  it('are called mistakes of ours in one line otherwise, with what to report', () => {
    const told = asTold(new TypeError('x is not a function\n    at y'));
    assert.equal(told.message, 'Unexpected: TypeError: x is not a function');
    assert.match(told.remedy ?? '', /TF8_DEBUG=1/);
    assert.equal(asTold('gone').message, 'Unexpected: gone');
  });

  it('show where they arose to who asks for it', () => {
    const before = process.env.TF8_DEBUG;
    try {
      delete process.env.TF8_DEBUG;
      assert.equal(stackOf(new Error('x')), undefined);
      process.env.TF8_DEBUG = '1';
      assert.match(stackOf(new Error('x')) ?? '', /faults\.test/);
    } finally {
      if (before === undefined) delete process.env.TF8_DEBUG;
      else process.env.TF8_DEBUG = before;
    }
  });
});

describe('visibleResult', () => {
  it('escapes names wherever they stand, and keeps numbers, arrays and tables', () => {
    const bytes = new Uint8Array(2);
    assert.deepEqual(
      visibleResult({ 'a\x1b': [{ name: 'b\n' }], n: Infinity, bytes, table: '| c |\n| \x1b |' }),
      { 'a\\u001b': [{ name: 'b\\n' }], n: Infinity, bytes, table: '| c |\n| \\u001b |' },
    );
  });
});
