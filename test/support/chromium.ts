import { type Browser, chromium } from 'playwright-core';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { findChromium } from '../../scripts/chromium/find_chromium.ts';
import { skip } from './skip.ts';

/** Starts this machine's Chromium without a window; skips where there is none, with a message. */
export async function startChromium(context: Mocha.Context): Promise<Browser> {
  const found = findChromium(cacheDir());
  if (found === undefined) {
    return skip(
      context,
      'no Chromium on the PATH or as TF8_CHROMIUM; "npm run chromium" fetches one',
    );
  }
  return chromium.launch({
    executablePath: found.executable,
    env: { ...process.env, ...found.env },
    // The pages are our own, and containers have neither user namespaces nor a graphics processor.
    args: ['--no-sandbox', '--disable-gpu'],
  });
}
