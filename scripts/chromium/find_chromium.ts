import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Chromium, fetchedChromium } from './fetched_chromium.ts';

/** What distributions call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/**
 * The Chromium of this machine: TF8_CHROMIUM where it is set, else the fetched one, else the first
 * on the PATH; undefined where there is none.
 */
export function findChromium(
  cacheDir: string,
  environment: NodeJS.ProcessEnv = process.env,
): Chromium | undefined {
  const { TF8_CHROMIUM: chosen, PATH = '' } = environment;
  if (chosen) return isExecutable(chosen) ? { executable: chosen, env: {} } : undefined;
  const fetched = fetchedChromium(cacheDir);
  if (isExecutable(fetched.executable)) return fetched;
  const installed = PATH.split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find(isExecutable);
  return installed === undefined ? undefined : { executable: installed, env: {} };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
