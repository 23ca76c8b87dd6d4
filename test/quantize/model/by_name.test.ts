import assert from 'node:assert/strict';
import { byName } from '../../../quantize/model/by_name.ts';

describe('byName', () => {
  it('gives what has the name, and names what is missing', () => {
    const map = new Map([['conv', 0]]);
    assert.equal(byName(map, 'conv'), 0);
    assert.throws(() => byName(map, 'logits'), {
      name: 'QuantizationError',
      message: 'Expected something of the name logits but none of the 1 here has it',
    });
  });
});
