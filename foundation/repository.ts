import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of tf8's package.json, a checkout's or an installed package's: the same from the sources
 * and from their compiled form in dist/.
 */
export function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** tf8's version, of its package.json. */
export function packageVersion(root = repositoryRoot()): string {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
}

/** Whether `root` is a checkout, with all sources; an installed package has only what it runs. */
export function isCheckout(root = repositoryRoot()): boolean {
  return existsSync(join(root, 'tsconfig.build.json'));
}

/** What brings what is missing: in a checkout, and where tf8 is installed. */
export const SET_UP = isCheckout() ? 'npm run setup' : 'npx tf8 setup';

/** The folder whose node_modules holds tf8's packages: the checkout, or the project that tf8 is installed in. */
export function projectRoot(root = repositoryRoot()): string {
  const parent = dirname(root);
  return basename(parent) === 'node_modules' ? dirname(parent) : root;
}
