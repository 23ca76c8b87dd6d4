import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import type { TierReport } from '../../../quantize/kernels/route.ts';
import { examineTiers } from '../../../quantize/kernels/select.ts';

/** Every tier and instruction set, the fastest first, the reference last. */
export const TIERS: readonly TierReport[] = examineTiers();

/**
 * A suite for each of `tiers`. One that this machine lacks is skipped, with the reason in its title;
 * one that fails its self-test fails.
 * @param tests defines the tests; `kernels()` gives the same object to all of them
 */
export function describeEachTier(
  tiers: readonly TierReport[],
  title: (name: string) => string,
  tests: (kernels: () => Kernels) => void,
): void {
  for (const report of tiers) {
    const skipped = report.state === 'missing' || report.state === 'unsupported';
    const suffix = skipped ? ` (skipped: ${report.reason})` : '';
    (skipped ? describe.skip : describe)(`${title(report.name)}${suffix}`, () => {
      before(() => {
        if (report.state === 'failed') throw new Error(report.reason);
      });
      tests(() => {
        if (report.state !== 'passed') throw new Error(report.reason);
        return report.kernels;
      });
    });
  }
}
