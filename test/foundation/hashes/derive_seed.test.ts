import assert from 'node:assert/strict';
import fc from 'fast-check';
import { deriveSeed } from '../../../foundation/hashes/derive_seed.ts';

describe('deriveSeed', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  it('gives the same integer in [1, 2³²) for the same seed, purpose and index', () => {
    fc.assert(
      fc.property(seeds, fc.nat(), (seed, index) => {
        const derived = deriveSeed(seed, 'kernel', index);
        assert.ok(Number.isInteger(derived) && derived >= 1 && derived < 2 ** 32);
        assert.equal(deriveSeed(seed, 'kernel', index), derived);
      }),
    );
  });

  it('gives the next seed another value at every neighbouring index', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.nat(1000), (seed, index) => {
        const near = [index, index + 1, index + 2].map((i) => deriveSeed(seed, 'order', i));
        assert.ok(!near.includes(deriveSeed(seed + 1, 'order', index)));
      }),
    );
  });

  it('gives each purpose a value of its own', () => {
    const values = (['kernel', 'dropout', 'order', 'augmentation'] as const).map((p) =>
      deriveSeed(0, p, 0),
    );
    assert.equal(new Set(values).size, values.length);
  });
});
