import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  bytesFeature,
  int64Feature,
  parseExample,
  textFeature,
} from '../../../datasets/tfrecord/example.ts';
import { UserError } from '../../../foundation/errors.ts';
import { broken, bytesOf, example, int64Of } from './support.ts';

const WHOLE = example({
  'image/encoded': bytesOf(Uint8Array.of(1, 2, 3)),
  'image/class/label': int64Of(271),
  'image/class/synset': bytesOf('n02114548'),
  'image/object/bbox/xmin': { kind: { case: 'floatList', value: { value: [0.5] } } },
  two: int64Of(1, 2),
});

describe('parseExample', () => {
  const features = parseExample(WHOLE, broken);

  it('gives the one value of a feature', () => {
    assert.deepEqual([...bytesFeature(features, 'image/encoded', broken)], [1, 2, 3]);
    assert.equal(int64Feature(features, 'image/class/label', broken), 271n);
    assert.equal(textFeature(features, 'image/class/synset'), 'n02114548');
    assert.equal(textFeature(features, 'image/class/text'), undefined);
  });

  it('gives bytes as a view of the record', () => {
    assert.equal(bytesFeature(features, 'image/encoded', broken).buffer, WHOLE.buffer);
  });

  it('names the missing key and the keys that are there', () => {
    assert.throws(() => bytesFeature(features, 'image', broken), {
      name: 'UserError',
      message:
        'Expected one bytes value for image in the record but received only image/class/label, image/class/synset, image/encoded, image/object/bbox/xmin, two.',
      remedy: /standard keys/,
    });
    assert.throws(() => int64Feature({}, 'label', broken), {
      message:
        'Expected one int64 value for label in the record but received an Example without features.',
    });
  });

  it('names only twenty of many keys', () => {
    const keys = Array.from({ length: 23 }, (_, i) => [`key${i}`, int64Of(0)] as const);
    const many = parseExample(example(Object.fromEntries(keys)), broken);
    assert.throws(() => bytesFeature(many, 'image', broken), /key\d+ and 3 more\.$/);
  });

  it('refuses a feature of another type or number of values', () => {
    assert.throws(() => bytesFeature(features, 'image/class/label', broken), {
      message:
        'Expected one bytes value for image/class/label in the record but received 1 of int64.',
    });
    assert.throws(
      () => int64Feature(features, 'image/object/bbox/xmin', broken),
      /but received 1 of float\.$/,
    );
    assert.throws(() => int64Feature(features, 'two', broken), /but received 2 of int64\.$/);
  });

  it('refuses bytes that are no Example', () => {
    assert.throws(() => parseExample(Buffer.from('no example'), broken), {
      name: 'UserError',
      message:
        /^Expected a serialized tf\.train\.Example in the record but received 10 bytes that do not parse as one \(.+\)\.$/,
    });
  });

  it('takes no bytes as an Example without features, as protobuf does', () => {
    assert.deepEqual(parseExample(new Uint8Array(0), broken), {});
  });

  it('gives features or an error for the user, whatever the bytes', () => {
    const edit = fc.record({ at: fc.nat(WHOLE.length - 1), byte: fc.nat(255) });
    const mutated = fc
      .tuple(fc.array(edit, { maxLength: 5 }), fc.nat(WHOLE.length))
      .map(([edits, length]) => {
        const bytes = Buffer.from(WHOLE);
        for (const { at, byte } of edits) bytes[at] = byte;
        return bytes.subarray(0, length);
      });
    const nested = fc.nat(40_000).map((depth) => new Uint8Array(depth).fill(0x0b)); // groups in groups
    fc.assert(
      fc.property(fc.oneof(mutated, nested, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        try {
          const parsed = parseExample(bytes, broken);
          textFeature(parsed, 'image/class/synset');
          bytesFeature(parsed, 'image/encoded', broken);
          int64Feature(parsed, 'image/class/label', broken);
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
