import fc from 'fast-check';
import { randomRoundings } from '../model/random_models.ts';
import { describeEachTier, TIERS } from './each_tier.ts';
import { assertNetworkEqual, assertRandomCallsEqual, assertTableEqual } from './equal.ts';

describeEachTier(
  TIERS.filter(({ tier }) => tier !== 'reference'),
  (name) => `${name} kernels`,
  // One object for all calls: packed filters and scratch are left over from the calls before.
  (kernels) => {
    it('give the bytes of the reference on the case table', () => assertTableEqual(kernels()));

    it('give the bytes of the reference for random calls', () =>
      assertRandomCallsEqual([kernels()], { numRuns: 40 })).timeout(300_000);

    for (const threads of [1, 2]) {
      it(`give the bytes of the reference in every layer of networks, threads: ${threads}`, () => {
        fc.assert(
          fc.property(randomRoundings({ withEveryOp: true }), (model) =>
            assertNetworkEqual(model, kernels(), { threads, batches: [1, 3, 1] }),
          ),
          { numRuns: 25 },
        );
      }).timeout(300_000);
    }
  },
);
