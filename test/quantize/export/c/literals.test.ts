import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  commentText,
  floatLiteral,
  numberLines,
  stringLiteral,
} from '../../../../quantize/export/c/literals.ts';

/** The value of a hexadecimal literal by the definition of C99, 6.4.4.2. */
function valueOfLiteral(literal: string): number {
  const [, digits = '', exponent] = /^0x1(?:\.([0-9a-f]+))?p(-?\d+)f$/.exec(literal)!;
  return (1 + Number.parseInt(digits || '0', 16) / 16 ** digits.length) * 2 ** Number(exponent);
}

describe('floatLiteral', () => {
  it('is exact for every normal single-precision number > 0', () => {
    const normal = fc.float({ min: 2 ** -126, noDefaultInfinity: true, noNaN: true });
    fc.assert(
      fc.property(normal, (value) => assert.equal(valueOfLiteral(floatLiteral(value)), value)),
    );
  });

  it('writes no digits that are 0', () => {
    assert.deepEqual([1, 0.75, 2 ** -126].map(floatLiteral), ['0x1p0f', '0x1.8p-1f', '0x1p-126f']);
  });
});

describe('stringLiteral', () => {
  it('escapes all that could end it, continue a line or form a trigraph, as bytes of UTF-8', () => {
    assert.equal(stringLiteral('a b/1'), '"a b/1"');
    assert.equal(stringLiteral('"\\\n??/é'), '"\\042\\134\\012\\077\\077/\\303\\251"');
  });
});

describe('commentText', () => {
  it('neither ends the comment nor its line', () => {
    assert.equal(commentText('a */ b\n??/\\é'), 'a _/ b___/__');
  });
});

describe('numberLines', () => {
  it('separates by commas and breaks lines', () => {
    assert.equal(numberLines(Int32Array.of(0, -1, 255)), '0,-1,255');
    const lines = numberLines(new Int32Array(60).fill(1000)).split('\n');
    assert.equal(lines.length, 3);
    assert.ok(lines.every(({ length }) => length <= 100));
    assert.equal(lines.join('').split(',').length, 60);
  });
});
