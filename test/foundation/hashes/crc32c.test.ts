import assert from 'node:assert/strict';
import fc from 'fast-check';
import { crc32c, maskedCrc32c } from '../../../foundation/hashes/crc32c.ts';

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);

/** The definition: one bit after the other, polynomial 0x1EDC6F41 with reversed bits. */
function bitwise(bytes: Uint8Array): number {
  let register = 0xffffffff;
  for (const byte of bytes) {
    register ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      register = register & 1 ? (register >>> 1) ^ 0x82f63b78 : register >>> 1;
    }
  }
  return ~register >>> 0;
}

describe('crc32c', () => {
  // RFC 3720, B.4, whose bytes are in the order in which they are sent.
  const known: readonly (readonly [string, Uint8Array, number])[] = [
    ['32 bytes of zeroes', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 bytes of incrementing 00..1f', ascending, 0x46dd794e],
    ['32 bytes of decrementing 1f..00', ascending.toReversed(), 0x113fdb5c],
    [
      'an iSCSI SCSI Read (10) command PDU',
      Buffer.from(
        '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' +
          '0200000000000000',
        'hex',
      ),
      0xd9963a56,
    ],
  ];
  for (const [what, bytes, crc] of known) {
    it(`gives RFC 3720's value for ${what}`, () => assert.equal(crc32c(bytes), crc));
  }

  it('gives the check value of the digits 1 to 9, and 0 for no bytes', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    assert.equal(crc32c(new Uint8Array(0)), 0);
  });

  it('equals the bitwise definition for any bytes at any alignment', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, start) => {
        const view = bytes.subarray(start);
        assert.equal(crc32c(view), bitwise(view));
      }),
    );
  });
});

describe('maskedCrc32c', () => {
  it('rotates right by 15 bits and adds 0xa282ead8, modulo 2³²', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const crc = BigInt(crc32c(bytes));
        const rotated = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn;
        assert.equal(BigInt(maskedCrc32c(bytes)), (rotated + 0xa282ead8n) & 0xffffffffn);
      }),
    );
  });
});
