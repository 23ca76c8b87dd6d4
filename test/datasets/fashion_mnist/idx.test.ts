import assert from 'node:assert/strict';
import { parseIdx } from '../../../datasets/fashion_mnist/idx.ts';

const LABELS = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9);

describe('parseIdx', () => {
  it('reads shape and data', () => {
    assert.deepEqual(parseIdx(LABELS, 1, 'labels'), { shape: [3], data: Uint8Array.of(7, 8, 9) });
    const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 5, 6);
    assert.deepEqual(parseIdx(images, 3, 'images'), {
      shape: [1, 2, 1],
      data: Uint8Array.of(5, 6),
    });
  });

  it('reads a view that does not start at its buffer', () => {
    const shifted = Uint8Array.of(1, 2, ...LABELS).subarray(2);
    assert.deepEqual([...parseIdx(shifted, 1, 'labels').data], [7, 8, 9]);
  });

  it('names the file, the expected and the received magic number', () => {
    assert.throws(() => parseIdx(LABELS.with(2, 9), 1, 'train-labels'), {
      name: 'UserError',
      message: 'Expected the magic number 0x00000801 in train-labels but received 0x00000901.',
    });
    assert.throws(() => parseIdx(Uint8Array.of(...LABELS, ...LABELS), 3, 'images'), /0x00000803/);
  });

  it('refuses a truncated header', () => {
    assert.throws(() => parseIdx(LABELS.subarray(0, 7), 1, 'labels'), {
      name: 'UserError',
      message: 'Expected an idx header of 8 bytes in labels but received 7 bytes.',
    });
  });

  it('refuses a file that is shorter or longer than its dimensions say', () => {
    for (const bytes of [LABELS.subarray(0, 10), Uint8Array.of(...LABELS, 0)]) {
      assert.throws(() => parseIdx(bytes, 1, 'labels'), {
        name: 'UserError',
        message: `Expected 11 bytes (header and 3) in labels but received ${bytes.length}.`,
      });
    }
  });
});
