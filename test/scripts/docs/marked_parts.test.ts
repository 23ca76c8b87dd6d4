import assert from 'node:assert/strict';
import { withParts } from '../../../scripts/docs/marked_parts.ts';

describe('withParts', () => {
  const PARTS = new Map([
    ['a', '| A |'],
    ['b-1', '| B |'],
    ['unused', '| U |'],
  ]);

  it('fills every part that the page has, and again gives the same', () => {
    const page = 'x\n<!-- a -->\nold\n<!-- /a -->\ny\n<!-- b-1 -->\n<!-- /b-1 -->\n';
    const filled = withParts(page, PARTS);
    assert.equal(
      filled,
      'x\n<!-- a -->\n| A |\n<!-- /a -->\ny\n<!-- b-1 -->\n| B |\n<!-- /b-1 -->\n',
    );
    assert.equal(withParts(filled, PARTS), filled);
  });

  it('leaves other comments alone', () => {
    const page = 'x <!-- a --> y\n<!-- A remark. -->\n';
    assert.equal(withParts(page, PARTS), page);
  });

  it('refuses a mark whose other one is missing or stands before it', () => {
    for (const page of ['<!-- a -->\n', '<!-- /a -->\n<!-- a -->\n']) {
      assert.throws(() => withParts(page, PARTS), {
        name: 'UserError',
        message: 'Expected <!-- a --> and <!-- /a --> in the page but they are not there',
      });
    }
  });

  it('refuses a mark that no result fits', () => {
    assert.throws(() => withParts('<!-- c -->\n<!-- /c -->\n', PARTS), {
      name: 'UserError',
      message: 'Expected one of a, b-1, unused for the part <!-- c --> but there is no such result',
      remedy: 'Publish it into bench/results, or mend the mark.',
    });
  });
});
