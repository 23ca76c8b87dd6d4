import assert from 'node:assert/strict';
import {
  visibleLines,
  visibleMessage,
  visibleName,
} from '../../../foundation/reporting/visible_text.ts';

describe('visible text', () => {
  it('shows in a name what a terminal would act upon', () => {
    assert.equal(
      visibleName('a\x1b[2Jb\nc\u202ed\x9be\x7f\r\t\u200b'),
      'a\\u001b[2Jb\\nc\\u202ed\\u009be\\u007f\\r\\t\\u200b',
    );
  });

  it('leaves names of every language as they are', () => {
    for (const name of ['Ärger 日本語 עברית العربية हिन्दी 👩‍👩‍👧 ½.png', 'a b']) {
      assert.equal(visibleName(name), name);
    }
  });

  it("keeps a message's own line breaks, before indented lines", () => {
    assert.equal(visibleMessage('all failed:\n  - a\n  - b\nc'), 'all failed:\n  - a\n  - b\\nc');
  });

  it('keeps the lines of a text', () => {
    assert.equal(visibleLines('a\n\x1b[1mb'), 'a\n\\u001b[1mb');
  });
});
