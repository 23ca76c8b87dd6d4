import assert from 'node:assert/strict';
import { fitLines } from '../../../foundation/reporting/fit_lines.ts';
import { lineWidth } from '../../../foundation/reporting/line_width.ts';

describe('fitLines', () => {
  it('breaks lines between words, and leaves those that fit', () => {
    assert.equal(fitLines('one two three\nfour', 8), 'one two\nthree\nfour');
    assert.equal(fitLines('one  two\n\n   three', 80), 'one  two\n\n   three');
    assert.equal(fitLines('one two three', Infinity), 'one two three');
  });

  it('keeps a word that is longer than a line whole', () => {
    assert.equal(fitLines('in /a/very/long/path now', 10), 'in\n/a/very/long/path\nnow');
  });

  it('hangs what belongs to an item or a name below it', () => {
    assert.equal(fitLines('  → one two three', 12), '  → one two\n    three');
    assert.equal(fitLines('name  one two three', 14), 'name  one two\n      three');
  });

  const TABLE = [
    '| layer                      | images a second | share |',
    '| -------------------------- | --------------: | ----: |',
    '| MobilenetV1/Conv2d_0/Relu6 |           123.4 |   5.0 |',
    '| dense                      |             1.0 |     – |',
  ];

  it('breaks the titles of numbers before names, and names behind their separators', () => {
    assert.deepEqual(fitLines(TABLE.join('\n'), 50).split('\n'), [
      '| layer                      | images a | share |',
      '|                            |   second |       |',
      '| -------------------------- | -------: | ----: |',
      '| MobilenetV1/Conv2d_0/Relu6 |    123.4 |   5.0 |',
      '| dense                      |      1.0 |     – |',
    ]);
    assert.deepEqual(fitLines(TABLE.join('\n'), 36).split('\n'), [
      '| layer          | images | share |',
      '|                |      a |       |',
      '|                | second |       |',
      '| -------------- | -----: | ----: |',
      '| MobilenetV1/   |  123.4 |   5.0 |',
      '| Conv2d_0/Relu6 |        |       |',
      '| dense          |    1.0 |     – |',
    ]);
  });

  it('breaks no number', () => {
    const narrow = fitLines(TABLE.join('\n'), 20);
    for (const number of ['123.4', '1.0', '5.0']) assert.ok(narrow.includes(number), number);
  });

  it('leaves a table that fits, and lines that only look like one', () => {
    assert.equal(fitLines(TABLE.join('\n'), 80), TABLE.join('\n'));
    assert.equal(fitLines('| a | b |\n| c |', 5), '| a | b |\n| c |');
  });
});

describe('lineWidth', () => {
  const { COLUMNS } = process.env;
  afterEach(() => {
    if (COLUMNS === undefined) delete process.env.COLUMNS;
    else process.env.COLUMNS = COLUMNS;
  });

  it("is the terminal's, else that of COLUMNS, else a terminal's of 80", () => {
    process.env.COLUMNS = '100';
    assert.equal(lineWidth({ isTTY: true, columns: 120 }), 120);
    assert.equal(lineWidth({}), 100);
    process.env.COLUMNS = 'wide';
    assert.equal(lineWidth({ isTTY: true, columns: 0 }), 80);
    assert.equal(lineWidth({}), undefined);
  });

  it('is no less than 20', () => {
    assert.equal(lineWidth({ isTTY: true, columns: 2 }), 20);
  });
});
