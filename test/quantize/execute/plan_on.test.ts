import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planOn } from '../../../quantize/execute/plan_on.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import type { TierRoute } from '../../../quantize/kernels/route.ts';
import { examineTiers } from '../../../quantize/kernels/select.ts';
import { randomModels } from '../model/random_models.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { numRuns: 1, seed: 6 })[0];

describe('planOn', () => {
  it('takes the fastest kernels that pass their self-test unless one is asked for', () => {
    const fastest = examineTiers().find(({ state }) => state === 'passed')!;
    using plan = planOn(MODEL);
    assert.equal(plan.kernels.tier, fastest.tier);
    assert.equal(plan.kernels.instructionSet, fastest.instructionSet);
    using slow = planOn(MODEL, { tier: 'reference' });
    assert.equal(slow.kernels, REFERENCE_KERNELS);
  });

  it('says why faster kernels were passed over', () => {
    const missing: TierRoute = {
      tier: 'native',
      create() {
        throw new Error('not built');
      },
    };
    const reference: TierRoute = { tier: 'reference', create: () => REFERENCE_KERNELS };
    using plan = planOn(MODEL, { outputs: ['input'] }, [missing, reference]);
    assert.deepEqual(plan.notes, ['kernel tier native is not available: not built']);
    assert.equal(plan.outputs[0], 'input');
  });
});
