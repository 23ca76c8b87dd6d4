import assert from 'node:assert/strict';
import { html } from '../../../workflows/report/html.ts';
import { withCode } from '../../../workflows/report/with_code.ts';

describe('withCode', () => {
  it('sets commands, flags and spans in backquotes as code', () => {
    assert.equal(
      html`${withCode('use "tf8 train", --tier auto or `limit: 3`: <b>')}`.text,
      'use <code class="command"><span>tf8</span> <span>train</span></code>, <code>--tier auto</code> or <code>limit: 3</code>: &lt;b&gt;',
    );
  });
});
