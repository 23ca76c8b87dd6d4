import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCompiled } from './compiled.mjs';
import { dependenciesMatch } from './dependencies.mjs';

/** Written at the end of a set-up, inside node_modules so that a new installation starts anew. */
export const COMPLETED_RECORD = join('node_modules', '.tf8', 'setup.json');

/**
 * What the last set-up ended with, if it ended and nothing has changed since: the packages, every
 * source, and the files that it made.
 *
 * @param {string} root the checkout's folder
 */
export function completedSetup(root) {
  try {
    const record = JSON.parse(readFileSync(join(root, COMPLETED_RECORD), 'utf8'));
    const present = record.files.every((file) => existsSync(join(root, file)));
    return present && dependenciesMatch(root) && isCompiled(root) ? record : undefined;
  } catch {
    return undefined;
  }
}
