/**
 * Fetches the Chromium that the tests of the report open it in: `npm run chromium`. It stays in the
 * cache folder; where one is found already, nothing happens.
 */

import { UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { terminalReporter } from '../../foundation/reporting/terminal_reporter.ts';
import { fetchChromium } from './fetched_chromium.ts';
import { findChromium } from './find_chromium.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error('interrupted')));
}

try {
  const cache = cacheDir();
  const context = {
    cacheDir: cache,
    reporter: terminalReporter(process.stderr),
    signal: interruption.signal,
  };
  const { executable } = findChromium(cache) ?? (await fetchChromium(context));
  process.stdout.write(`${executable}\n`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`Error: ${[error.message, error.remedy].filter(Boolean).join('\n')}\n`);
  process.exitCode = 1;
}
