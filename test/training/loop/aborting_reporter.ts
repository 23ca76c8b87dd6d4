import { type Reporter, SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';

/** A reporter that aborts when so many images are done. */
export function abortingReporter(abort: AbortController, images: number): Reporter {
  return {
    ...SILENT_REPORTER,
    start: () => ({
      update(done) {
        if (done >= images) abort.abort();
      },
      end() {},
    }),
  };
}
