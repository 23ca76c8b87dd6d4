import fc from 'fast-check';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { CASES } from './cases.ts';
import { computeIndependently } from './independent.ts';
import { RANDOM_CALLS } from './random_calls.ts';
import { assertSameBytes, type KernelCall, run } from './run_case.ts';
import { WEIGHT_CASES } from './weight_cases.ts';

/** The independent computation is slow: it takes part where the output is at most this large. */
const MAX_INDEPENDENT_BYTES = 2000;

describe('reference kernels', () => {
  for (const kernelCase of CASES) {
    if (kernelCase.expected === undefined) continue;
    const { expected } = kernelCase;
    it(`${kernelCase.op}: ${kernelCase.title}`, () => {
      assertSameBytes(kernelCase, run(REFERENCE_KERNELS, kernelCase), expected);
    });
  }

  it('equal exact arithmetic on bigints over the small cases of the table', () => {
    // Those that differ in their weights alone are about the tiers that pack them: some are enough.
    const some = WEIGHT_CASES.filter((_, index) => index % 8 === 0);
    const left = CASES.filter((it) => !WEIGHT_CASES.includes(it));
    for (const kernelCase of [...left, ...some]) {
      if (kernelCase.call.output.length > MAX_INDEPENDENT_BYTES) continue;
      if (kernelCase.op === 'globalAveragePool' && kernelCase.call.input.length > 100_000) continue;
      const expected = computeIndependently(kernelCase);
      assertSameBytes(kernelCase, run(REFERENCE_KERNELS, kernelCase), expected);
    }
  });

  for (const op of Object.keys(RANDOM_CALLS) as KernelCall['op'][]) {
    it(`${op} equals exact arithmetic on bigints for random calls`, () => {
      const small = RANDOM_CALLS[op].filter((it) => it.call.output.length <= MAX_INDEPENDENT_BYTES);
      fc.assert(
        fc.property(small, (kernelCall) => {
          const expected = computeIndependently(kernelCall);
          assertSameBytes(kernelCall, run(REFERENCE_KERNELS, kernelCall), expected);
        }),
        { numRuns: 30 },
      );
    });
  }
});
