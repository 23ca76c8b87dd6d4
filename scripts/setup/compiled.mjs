import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The folders that tsconfig.build.json compiles. */
export const COMPILED_FOLDERS = [
  'architectures',
  'checkpoints',
  'datasets',
  'foundation',
  'quantize',
  'scripts',
  'training',
  'workflows',
];

/** Written when dist/ is complete. */
export const COMPILED_STAMP = join('dist', '.compiled');

/**
 * Whether a folder of tf8 is a checkout, with sources; an installed package has only dist/.
 *
 * @param {string} root
 */
export function isCheckout(root) {
  return existsSync(join(root, 'tsconfig.build.json'));
}

/**
 * Whether dist/ was completed after the last change of every source.
 *
 * @param {string} root the checkout's folder
 */
export function isCompiled(root) {
  let compiledMs;
  try {
    compiledMs = statSync(join(root, COMPILED_STAMP)).mtimeMs;
  } catch {
    return false;
  }
  const sources = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  for (const folder of COMPILED_FOLDERS) {
    sources.push(...pathsIn(root, folder));
  }
  return sources.every((source) => {
    const info = statSync(`${root}/${source}`, { throwIfNoEntry: false });
    return info === undefined || info.mtimeMs <= compiledMs;
  });
}

/**
 * A folder and all below it. A folder's own time changes when a file in it is added, removed or renamed.
 * Node's own recursion takes twice as long, at the start of every command.
 *
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function pathsIn(root, folder) {
  const entries = readdirSync(`${root}/${folder}`, { withFileTypes: true });
  return [
    folder,
    ...entries.flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? pathsIn(root, path) : [path];
    }),
  ];
}
