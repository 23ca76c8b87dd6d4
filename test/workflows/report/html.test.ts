import assert from 'node:assert/strict';
import fc from 'fast-check';
import { html, jsonInScript } from '../../../workflows/report/html.ts';

describe('html', () => {
  it('escapes text for elements and for quoted attributes', () => {
    assert.equal(
      html`<p title="${`"'`}">${'<b> & </b>'}</p>`.text,
      '<p title="&quot;&#39;">&lt;b&gt; &amp; &lt;/b&gt;</p>',
    );
  });

  it('takes HTML as it is, joins lists, leaves out what is undefined', () => {
    const item = (name: string) => html`<li>${name}</li>`;
    assert.equal(
      html`<ul>${['a', '<'].map(item)}</ul>${undefined}${7}`.text,
      '<ul><li>a</li><li>&lt;</li></ul>7',
    );
  });

  it('lets no text open or close an element or an attribute', () => {
    fc.assert(fc.property(fc.string(), (text) => !/[<>"']/.test(html`${text}`.text)));
  });
});

describe('jsonInScript', () => {
  it('holds nothing that ends a script, and the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('</script>', '<!--', '<script'), (value, end) => {
        const { text } = jsonInScript([value, end]);
        assert.ok(!text.includes('<'));
        assert.equal(JSON.stringify(JSON.parse(text)), JSON.stringify([value, end]));
      }),
    );
  });
});
