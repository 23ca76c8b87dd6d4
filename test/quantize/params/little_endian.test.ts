import assert from 'node:assert/strict';
import { alignUp } from '../../../quantize/params/align_up.ts';
import { littleEndian } from '../../../quantize/params/little_endian.ts';

describe('littleEndian', () => {
  it('writes integers and single-precision numbers, the least byte first', () => {
    assert.deepEqual([...littleEndian(Int32Array.of(-2, 258))], [254, 255, 255, 255, 2, 1, 0, 0]);
    assert.deepEqual([...littleEndian(Float32Array.of(1))], [0, 0, 0x80, 0x3f]);
  });
});

describe('alignUp', () => {
  it('gives the least multiple that is not below', () => {
    assert.deepEqual(
      [0, 1, 16, 17].map((bytes) => alignUp(bytes, 16)),
      [0, 16, 16, 32],
    );
  });
});
