import { messageOf, QuantizationError } from '../params/errors.ts';
import type { Kernels, TierName } from './kernels.ts';
import { onOneThread } from './one_thread.ts';
import { selfTest, selfTestThreads } from './self_test.ts';

/** A way to the kernels of a tier, or of one instruction set of a tier that has several. */
export interface TierRoute {
  readonly tier: TierName;
  readonly instructionSet?: string;
  /** What makes the tier available; none for one that always is. */
  readonly remedy?: string;
  /**
   * Kernels of their own: a thread shares none. Undefined where the processor lacks the instruction set.
   * @throws where the tier is not available
   */
  create(): Kernels | undefined;
}

export interface SelectedKernels {
  readonly kernels: Kernels;
  /** Why faster ones were passed over, and what the chosen lack; empty when nothing is to be said. */
  readonly notes: readonly string[];
}

/** What became of a route. */
export type TierReport = {
  /** "wasm", "native avx2" */
  readonly name: string;
  readonly tier: TierName;
  /** Of a tier that has several. */
  readonly instructionSet?: string;
} & (
  | { readonly state: 'passed'; readonly kernels: Kernels }
  | {
      /** Not built or not loadable; not of this processor; or with other bytes than the reference. */
      readonly state: 'missing' | 'unsupported' | 'failed';
      readonly reason: string;
      readonly remedy?: string;
    }
);

/**
 * The kernels of `tier`, with 'auto' of any, by the first route that passes its self-test.
 * @param threads that programs will run on: several are tested where they are wanted; 1 unless given
 * @throws QuantizationError, with the remedy, when none does
 */
export function chooseKernels(
  tier: TierName | 'auto',
  routes: readonly TierRoute[],
  threads = 1,
): SelectedKernels {
  const candidates = tier === 'auto' ? routes : routes.filter((route) => route.tier === tier);
  if (candidates.length === 0) {
    const names = [...new Set(routes.map((route) => `"${route.tier}"`))].join(', ');
    throw new QuantizationError(`Expected ${names} or "auto" for tier but received "${tier}"`);
  }
  const notes = new Set<string>();
  for (const route of candidates) {
    const report = tryRoute(route, threads > 1);
    if (report.state === 'passed') {
      const { kernels } = report;
      if (kernels.limitation !== undefined)
        notes.add(`kernel tier ${report.name} ${kernels.limitation}`);
      return { kernels, notes: [...notes] };
    }
    if (report.state !== 'unsupported') notes.add(noteOf(report));
  }
  const remedy = candidates.find((route) => route.remedy !== undefined)?.remedy;
  throw new QuantizationError([...notes].join('\n'), remedy === undefined ? {} : { remedy });
}

/** Every route in turn, self-tested here; a tier that is missing as a whole is listed once. */
export function examineRoutes(routes: readonly TierRoute[]): readonly TierReport[] {
  const reports = routes.map((route) => tryRoute(route, true));
  return reports.filter(
    (report, i) =>
      report.state !== 'missing' ||
      reports.findIndex(({ state, tier }) => state === 'missing' && tier === report.tier) === i,
  );
}

function tryRoute(
  { tier, instructionSet, remedy, create }: TierRoute,
  onThreads: boolean,
): TierReport {
  const named = {
    name: instructionSet === undefined ? tier : `${tier} ${instructionSet}`,
    tier,
    ...(instructionSet !== undefined && { instructionSet }),
  };
  let kernels: Kernels | undefined;
  try {
    kernels = create();
  } catch (error) {
    const missing = { name: tier, tier, state: 'missing', reason: messageOf(error) } as const;
    return { ...missing, ...(remedy !== undefined && { remedy }) };
  }
  if (kernels === undefined) {
    const reason = `this processor has no ${instructionSet}`;
    return { ...named, state: 'unsupported', reason };
  }
  try {
    selfTest(kernels);
    return {
      ...named,
      state: 'passed',
      kernels: onThreads ? withThreadsThatPass(kernels) : kernels,
    };
  } catch (error) {
    return { ...named, state: 'failed', reason: messageOf(error) };
  }
}

/** The kernels, or the same on one thread where they do not give the known answers on several. */
function withThreadsThatPass(kernels: Kernels): Kernels {
  try {
    selfTestThreads(kernels);
    return kernels;
  } catch (error) {
    return onOneThread(kernels, `runs on one thread: ${messageOf(error)}`);
  }
}

function noteOf(report: Exclude<TierReport, { state: 'passed' }>): string {
  return report.state === 'missing'
    ? `kernel tier ${report.name} is not available: ${report.reason}`
    : `kernel tier ${report.name} is passed over: ${report.reason}`;
}
