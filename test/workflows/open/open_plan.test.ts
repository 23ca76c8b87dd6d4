import assert from 'node:assert/strict';
import fc from 'fast-check';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import type { TierRoute } from '../../../quantize/kernels/route.ts';
import { kernelsName } from '../../../workflows/open/kernels_used.ts';
import { kernelsUsed, openPlan } from '../../../workflows/open/open_plan.ts';
import { runWith } from '../../quantize/kernels/run_with.ts';
import { randomModels } from '../../quantize/model/random_models.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { numRuns: 1, seed: 6 })[0];
const reference: TierRoute = { tier: 'reference', create: () => REFERENCE_KERNELS };

/** Its global average is 1 too large. */
const lying: TierRoute = {
  tier: 'native',
  instructionSet: 'avx2',
  create: () => ({
    ...REFERENCE_KERNELS,
    tier: 'native',
    instructionSet: 'avx2',
    ...runWith('globalAveragePool', ({ output }) => {
      output[0] += 1;
    }),
  }),
};

describe('openPlan', () => {
  it('warns of kernels that fail their self-test, and tells of them in the result', () => {
    const reporter = recordingReporter();
    using plan = openPlan(MODEL, { tier: 'auto' }, reporter, [lying, reference]);
    assert.equal(reporter.messages.length, 1);
    assert.match(reporter.messages[0], /^kernel tier native avx2 is passed over: Expected the/);
    const used = kernelsUsed(plan);
    assert.deepEqual(used, { tier: 'reference', tierNotes: reporter.messages });
    assert.equal(kernelsName(used), 'reference');
  });

  it('says nothing where the fastest kernels pass, and names their instruction set', () => {
    const reporter = recordingReporter();
    const fast: TierRoute = {
      ...lying,
      create: () => ({ ...REFERENCE_KERNELS, tier: 'native', instructionSet: 'avx2' }),
    };
    using plan = openPlan(MODEL, { tier: 'native' }, reporter, [fast, reference]);
    assert.deepEqual(reporter.messages, []);
    const used = kernelsUsed(plan);
    assert.deepEqual(used, { tier: 'native', instructionSet: 'avx2', tierNotes: [] });
    assert.equal(kernelsName(used), 'native avx2');
  });
});
