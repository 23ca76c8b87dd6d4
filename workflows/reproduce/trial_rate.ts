import type { Reporter } from '../../foundation/reporting/reporter.ts';

/** Units of work that warm up: the first waits for compilation, for threads, for the first images. */
const WARM_UP_UPDATES = 2;
/** A rate comes from this long after the warm-up … */
const TRIAL_MS = 4_000;
/** … and from so many updates at least, however long they take. */
const LEAST_UPDATES = 3;

interface Update {
  readonly done: number;
  readonly ms: number;
}

/**
 * The rate in units a second of what `work` reports, measured for some seconds after the warm-up; it
 * is then aborted by the signal that it gets. Work that ends before that gives its rate as a whole.
 * @throws what `work` throws, unless that is because it was aborted here; the reason of `signal`
 */
export async function trialRate(
  signal: AbortSignal,
  work: (reporter: Reporter, signal: AbortSignal) => Promise<unknown>,
  now: () => number = () => performance.now(),
): Promise<number> {
  const enough = new AbortController();
  const updates: Update[] = [{ done: 0, ms: now() }];
  const reporter: Reporter = {
    info() {},
    warn() {},
    start: () => ({
      update(done) {
        updates.push({ done, ms: now() });
        if (isEnough(updates)) enough.abort();
      },
      end() {},
    }),
  };
  try {
    await work(reporter, AbortSignal.any([signal, enough.signal]));
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
  signal.throwIfAborted();
  return rateOf(updates);
}

function isEnough(updates: readonly Update[]): boolean {
  const measured = updates.slice(WARM_UP_UPDATES);
  const [first, last] = [measured[0], measured.at(-1)];
  return measured.length > LEAST_UPDATES && last!.ms - first.ms >= TRIAL_MS;
}

/** From the end of the warm-up, where there is more than that. */
function rateOf(updates: readonly Update[]): number {
  const last = updates.at(-1)!;
  const first = updates[updates.length > WARM_UP_UPDATES + 1 ? WARM_UP_UPDATES : 0];
  const seconds = (last.ms - first.ms) / 1000;
  return (last.done - first.done) / Math.max(seconds, Number.EPSILON);
}
