import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Lifetime, layOutArena } from '../../../quantize/model/arena_layout.ts';

const tensor = (name: string, bytes: number, first: number, last: number): Lifetime => ({
  name,
  bytes,
  first,
  last,
});

const lifetimes = fc
  .array(fc.tuple(fc.nat(1000), fc.nat(9), fc.nat(9)), { maxLength: 12 })
  .map((list) =>
    list.map(([bytes, a, b], i) => tensor(`t${i}`, bytes, Math.min(a, b), Math.max(a, b))),
  );

describe('layOutArena', () => {
  it('gives a chain the room of its two largest neighbours', () => {
    const chain = [
      tensor('a', 640, 0, 1),
      tensor('b', 1280, 1, 2),
      tensor('c', 320, 2, 3),
      tensor('d', 64, 3, 4),
    ];
    assert.equal(layOutArena(chain).bytes, 640 + 1280);
  });

  it('never lets tensors that are alive at the same time share a byte', () => {
    fc.assert(
      fc.property(lifetimes, (tensors) => {
        const { bytes, offsets } = layOutArena(tensors);
        for (const a of tensors) {
          const start = offsets.get(a.name)!;
          assert.ok(start % 64 === 0 && start >= 0 && start + a.bytes <= bytes);
          for (const b of tensors) {
            if (a === b || a.first > b.last || b.first > a.last) continue;
            const other = offsets.get(b.name)!;
            assert.ok(start + a.bytes <= other || other + b.bytes <= start, `${a.name}, ${b.name}`);
          }
        }
      }),
    );
  });

  it('needs no bytes for no tensors', () => assert.equal(layOutArena([]).bytes, 0));
});
