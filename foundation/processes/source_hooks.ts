import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * Arguments with which Node runs a module of ours in a thread or process of its own: the sources go
 * through tsx, whose hooks neither inherits; compiled modules need nothing.
 * @param moduleUrl of the module that starts it (`import.meta.url`): the sources or the compiled ones
 */
export function sourceHooks(moduleUrl: string): string[] {
  if (!moduleUrl.endsWith('.ts')) return [];
  // Where tsx lies is seen from here, not from the working directory.
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
}
