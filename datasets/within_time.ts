/** Work that took longer than it may. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/** Of the time, in so many slices: of a time in which this process does nothing else, one counts at most. */
const SLICES = 10;

export interface WaitLimits {
  readonly ms?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `work` gives, unless it takes longer than `ms` milliseconds or the signal is aborted first. Work
 * that cannot be interrupted then goes on unheeded. Time in which the event loop stands, as while a step is
 * compiled, hardly counts: what the work gave meanwhile could not be heard.
 *
 * @throws (rejects) TimeLimitError, the signal's reason, or what `work` throws
 */
export function withinTime<T>(work: Promise<T>, { ms, signal }: WaitLimits): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => settle(() => reject(signal!.reason));
    const late = (): void => settle(() => reject(new TimeLimitError(`more than ${ms} ms`)));
    let timer: NodeJS.Timeout | undefined;
    const wait = (slices: number): void => {
      timer = setTimeout(() => (slices > 1 ? wait(slices - 1) : late()), ms! / SLICES);
    };
    if (ms !== undefined) wait(SLICES);
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      how();
    };
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort);
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
