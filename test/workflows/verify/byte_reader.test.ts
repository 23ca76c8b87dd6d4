import assert from 'node:assert/strict';
import { ByteReader } from '../../../workflows/verify/byte_reader.ts';

async function* chunks(...parts: readonly (readonly number[])[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Uint8Array.from(part);
}

const NEWLINE = 10;

describe('ByteReader', () => {
  it('takes portions that cross the chunks that arrive', async () => {
    const reader = new ByteReader(chunks([1, 2], [], [3, 4, 5], [6]));
    assert.deepEqual(await reader.take(1), Uint8Array.of(1));
    assert.deepEqual(await reader.take(4), Uint8Array.of(2, 3, 4, 5));
    assert.deepEqual(await reader.take(1), Uint8Array.of(6));
  });

  it('reads a line and goes on behind its end', async () => {
    const reader = new ByteReader(chunks([65], [66, NEWLINE, 7], [8]));
    assert.deepEqual(await reader.until(NEWLINE), Uint8Array.of(65, 66));
    assert.deepEqual(await reader.take(2), Uint8Array.of(7, 8));
  });

  it('tells that the stream ended before a portion was whole', async () => {
    assert.equal(await new ByteReader(chunks([1, 2])).take(3), undefined);
    assert.equal(await new ByteReader(chunks([1, 2])).until(NEWLINE), undefined);
  });
});
