/** Work that took longer than it may. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

export interface WaitLimits {
  readonly ms?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `work` gives, unless it takes longer than `ms` milliseconds or the signal is aborted first. Work
 * that cannot be interrupted then goes on unheeded.
 *
 * @throws (rejects) TimeLimitError, the signal's reason, or what `work` throws
 */
export function withinTime<T>(work: Promise<T>, { ms, signal }: WaitLimits): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => settle(() => reject(signal!.reason));
    const late = (): void => settle(() => reject(new TimeLimitError(`more than ${ms} ms`)));
    const timer = ms === undefined ? undefined : setTimeout(late, ms);
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
