import fc from 'fast-check';
import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference/reference_kernels.ts';
import { availableTiers, selectKernels } from '../../../quantize/kernels/select.ts';
import { CASES } from './cases.ts';
import { RANDOM_CALLS } from './random_calls.ts';
import { assertSameBytes, type KernelCall, run } from './run_case.ts';

const OPS = Object.keys(RANDOM_CALLS) as KernelCall['op'][];

for (const { tier, available, reason } of availableTiers()) {
  if (tier === 'reference') continue;

  describe(`${tier} kernels${available ? '' : ` (skipped: ${reason})`}`, () => {
    // One object for all calls: packed filters and scratch are left over from the calls before.
    let kernels: Kernels;
    before(function () {
      if (!available) this.skip();
      kernels = selectKernels(tier).kernels;
    });

    for (const op of OPS) {
      it(`${op} equals the reference on the case table`, () => {
        for (const kernelCase of CASES) {
          if (kernelCase.op !== op) continue;
          const expected = run(REFERENCE_KERNELS, kernelCase);
          try {
            assertSameBytes(kernelCase, run(kernels, kernelCase), expected);
          } catch (error) {
            throw new Error(`${kernelCase.title}: ${(error as Error).message}`, { cause: error });
          }
        }
      });
    }

    for (const op of OPS) {
      it(`${op} equals the reference for random calls`, () => {
        fc.assert(
          fc.property(RANDOM_CALLS[op], (kernelCall) => {
            const expected = run(REFERENCE_KERNELS, kernelCall);
            assertSameBytes(kernelCall, run(kernels, kernelCall), expected);
          }),
          { numRuns: 400 },
        );
      });
    }
  });
}
