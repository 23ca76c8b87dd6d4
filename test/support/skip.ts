import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Path of development data in `../shared` beside the repository; skips the test, or the suite when
 * called from its `before`, with a message where a user does not have it.
 */
export function sharedFolder(context: Mocha.Context, name: string): string {
  const path = resolve(import.meta.dirname, '../../../shared', name);
  if (!existsSync(path)) skip(context, `${name} is not beside the repository in ../shared`);
  return path;
}

/** Skips the test, or the suite when called from its `before`, and says why in its title. */
export function skip(context: Mocha.Context, reason: string): never {
  const test = context.test as Mocha.Test | Mocha.Hook;
  const titled = test.type === 'hook' ? test.parent! : test;
  titled.title += ` (skipped: ${reason})`;
  return context.skip();
}
