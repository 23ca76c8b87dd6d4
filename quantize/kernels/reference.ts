import { checkCall, operationOf } from '../ops/table.ts';
import type { Kernels } from './kernels.ts';

/**
 * The reference tier: the definition of TF8 arithmetic, each operation's `compute`. The other tiers are
 * correct when they give the same bytes (eq. 8). Plain TypeScript, which runs everywhere, slowly.
 */
export const REFERENCE_KERNELS: Kernels = {
  tier: 'reference',
  run(kernelCall) {
    checkCall(kernelCall);
    operationOf(kernelCall).compute(kernelCall.call);
  },
};
