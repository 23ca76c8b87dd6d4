import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Kernels } from '../../quantize/kernels/kernels.ts';
import { examineTiers, selectKernels } from '../../quantize/kernels/select.ts';
import { publishedNetwork, ReferenceLayers } from '../quantize/execute/published_network.ts';
import { assertNetworkEqual, assertRandomCallsEqual } from '../quantize/kernels/equal.ts';
import { RANDOM_CALLS, WIDE_CALLS } from '../quantize/kernels/random_calls.ts';
import { randomModels } from '../quantize/model/random_models.ts';
import { skip } from '../support/skip.ts';

const RANDOM = 10_000;
const NETWORKS = 300;
/** Of 20: test/long/tiers.long.ts. */
const IMAGES = 5;

/** Of every tier and instruction set but the reference. */
const REPORTS = examineTiers().filter(({ tier }) => tier !== 'reference');

describe(`every tier gives the reference's bytes`, () => {
  /** The reference computes a random call once for all of them. */
  const kernels = REPORTS.flatMap((report): Kernels[] =>
    report.state === 'passed' ? [report.kernels] : [],
  );
  let reference: ReferenceLayers | undefined;

  for (const report of REPORTS) {
    it(`on ${report.name}: it takes part`, function () {
      assert.notEqual(report.state, 'failed', JSON.stringify(report));
      if (report.state !== 'passed') skip(this, report.reason);
    });
  }

  it(`on at least ${RANDOM} random calls, narrow and wide`, function () {
    if (kernels.length === 0) skip(this, 'there is only the reference');
    const kinds = Object.keys(RANDOM_CALLS).length + Object.keys(WIDE_CALLS).length;
    assertRandomCallsEqual(kernels, { numRuns: Math.ceil(RANDOM / kinds), seed: 1 });
  }).timeout(60 * 60_000);

  for (const report of REPORTS) {
    if (report.state !== 'passed') continue;

    it(`on ${report.name}: every layer of ${NETWORKS} random networks, on 1 and 2 threads`, () => {
      fc.assert(
        fc.property(randomModels({ withEveryOp: true }), fc.constantFrom(1, 2), (model, threads) =>
          assertNetworkEqual(model, report.kernels, { threads, batches: [1, 3, 1] }),
        ),
        { numRuns: NETWORKS, seed: 1 },
      );
    }).timeout(20 * 60_000);

    it(`on ${report.name}: every layer of the published network on ${IMAGES} images`, async function () {
      if (reference === undefined) {
        const { models, photographs } = await publishedNetwork(this, IMAGES, ['keep']);
        reference = new ReferenceLayers(models.get('keep')!, photographs);
      }
      assert.equal(reference.images, IMAGES);
      for (const threads of [1, 2]) reference.compare(report.kernels, threads);
    }).timeout(20 * 60_000);
  }

  it('auto takes one of them', () => {
    const { kernels } = selectKernels('auto');
    const first = REPORTS.find(({ state }) => state === 'passed');
    assert.equal(kernels.tier, first?.tier ?? 'reference');
  });
});
