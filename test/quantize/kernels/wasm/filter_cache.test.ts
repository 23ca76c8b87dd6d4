import assert from 'node:assert/strict';
import { Arena } from '../../../../quantize/kernels/wasm/arena.ts';
import { FilterCache } from '../../../../quantize/kernels/wasm/filter_cache.ts';

/** 1 MiB that does not grow. */
function arena(): Arena {
  const buffer = new ArrayBuffer(2 ** 20);
  return new Arena({ buffer, grow: () => assert.fail('grows') }, 0, 2 ** 20);
}

const square = (filter: Uint8Array) => ({ filter, zeroPoint: 0, depth: 8, columns: 8 });

describe('FilterCache', () => {
  it('packs panels of 8 columns, rows two by two, zeros where there is none', () => {
    const memory = arena();
    // [3, 9]: weight 10 · row + column + 1
    const filter = Uint8Array.from({ length: 27 }, (_, i) => 10 * Math.floor(i / 9) + (i % 9) + 1);
    const matrix = { filter, zeroPoint: 1, depth: 3, columns: 9 };
    const { address, pairs, sums } = new FilterCache(memory, 2 ** 20).packed(matrix);
    assert.equal(pairs, 2);
    const packed = [...memory.int16s.subarray(address / 2, address / 2 + 64)];
    const columns = [0, 1, 2, 3, 4, 5, 6, 7];
    assert.deepEqual(packed, [
      ...columns.flatMap((m) => [m, 10 + m]),
      ...columns.flatMap((m) => [20 + m, 0]),
      8,
      18,
      ...new Array(14).fill(0),
      28,
      0,
      ...new Array(14).fill(0),
    ]);
    assert.deepEqual([...sums], [30, 33, 36, 39, 42, 45, 48, 51, 54]);
  });

  it('packs a depthwise window by its columns, a last row side by side, and of 3 × 3 that once more', () => {
    const packed = (height: number, width: number) => {
      const memory = arena();
      const depth = height * width;
      // One channel, its weights 1, 2, …
      const filter = Uint8Array.from({ length: depth }, (_, k) => k + 1);
      const matrix = { filter, zeroPoint: 0, depth, columns: 1, windowHeight: height };
      const { address, pairs, sums } = new FilterCache(memory, 2 ** 20).packed(matrix);
      assert.deepEqual([...sums], [(depth * (depth + 1)) / 2]);
      const at = (k: number) => address / 2 + 16 * (k >> 1) + (k & 1);
      return Array.from({ length: 2 * pairs }, (_, k) => memory.int16s[at(k)]);
    };
    assert.deepEqual(packed(2, 3), [1, 4, 2, 5, 3, 6]);
    assert.deepEqual(packed(1, 3), [1, 2, 3, 0]);
    assert.deepEqual(packed(3, 3), [1, 4, 2, 5, 3, 6, 7, 8, 9, 0, 0, 7, 8, 9]);
  });

  it('packs a filter once, and again for another zero point or shape', () => {
    const memory = arena();
    const cache = new FilterCache(memory, 2 ** 20);
    const filter = new Uint8Array(24);
    const first = cache.packed({ filter, zeroPoint: 5, depth: 4, columns: 6 });
    const kept = memory.keptBytes;
    assert.equal(cache.packed({ filter, zeroPoint: 5, depth: 4, columns: 6 }), first);
    assert.equal(memory.keptBytes, kept);
    assert.notEqual(cache.packed({ filter, zeroPoint: 6, depth: 4, columns: 6 }), first);
    const turned = cache.packed({ filter, zeroPoint: 6, depth: 6, columns: 4 });
    assert.notEqual(turned.pairs, first.pairs);
    const window = { filter, zeroPoint: 6, depth: 6, columns: 4, windowHeight: 2 };
    assert.notEqual(cache.packed(window), turned);
  });

  it('forgets all filters when the next would exceed its capacity', () => {
    const memory = arena();
    const cache = new FilterCache(memory, 700);
    const filters = [0, 1, 2].map(() => new Uint8Array(64));
    // [8, 8] as int16 with its slack: 144 bytes; three of them and 528 more exceed 700.
    const addresses = filters.map((filter) => cache.packed(square(filter)).address);
    assert.equal(cache.packed(square(filters[0])).address, addresses[0]);
    const large = cache.packed({
      filter: new Uint8Array(256),
      zeroPoint: 0,
      depth: 8,
      columns: 32,
    });
    assert.equal(large.address, addresses[0]);
    assert.ok(memory.keptBytes <= 700);
    assert.notEqual(cache.packed(square(filters[0])).address, addresses[0]);
  });
});
