import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where downloads are kept between checkouts: TF8_CACHE, else $XDG_CACHE_HOME/tf8, else ~/.cache/tf8. */
export function cacheDir(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.TF8_CACHE) return resolve(environment.TF8_CACHE);
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tf8');
}
