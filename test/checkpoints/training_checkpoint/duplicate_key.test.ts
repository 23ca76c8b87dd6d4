import assert from 'node:assert/strict';
import fc from 'fast-check';
import { duplicateKey } from '../../../checkpoints/training_checkpoint/duplicate_key.ts';

describe('duplicateKey', () => {
  for (const [json, key] of [
    ['{"a":1,"b":2,"a":3}', 'a'],
    ['{"a":1,"b":{"c":1,"c" : 2}}', 'c'],
    ['{"a":[{"x":{}},{"y":1,"y":1}]}', 'y'],
    ['{"a":{"a":1},"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"\\"":1,"\\"":2}', '"'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ] as const) {
    it(`finds ${JSON.stringify(key)} in ${json}`, () => assert.equal(duplicateKey(json), key));
  }

  for (const json of ['"a"', '["a","a"]', '{"a":"a","b":"a"}', '{"a":"\\"a\\":1,\\"a\\":2"}']) {
    it(`finds none in ${json}`, () => assert.equal(duplicateKey(json), undefined));
  }

  it('finds none in what was an object', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(2), (value, indent) => {
        assert.equal(duplicateKey(JSON.stringify(value, undefined, indent)), undefined);
      }),
    );
  });
});
