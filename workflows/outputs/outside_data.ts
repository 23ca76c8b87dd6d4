import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { findClassLayout } from '../../datasets/folder/class_layout.ts';
import { holdsImages } from '../../datasets/images/find_images.ts';
import { UserError } from '../../foundation/errors.ts';
import { option } from '../wording.ts';

/**
 * Sees to it that a folder which will be written lies outside of the images that are read: the next
 * command would take it for a class, and its figures for images.
 * @param data folder of the images, where one was given
 * @throws UserError where it lies among class folders, or, where it gets figures or images, among images
 */
export async function requireOutsideImages(
  written: string,
  data: string | undefined,
  given: 'cache' | 'out' | 'runsDir',
): Promise<void> {
  if (data === undefined) return;
  const folder = await realFolder(written);
  for (const root of await rootsOf(data, given !== 'out')) {
    if (!isWithin(folder, await realFolder(root))) continue;
    throw new UserError(
      `Expected a folder for ${option(given)} outside of the images but ${written} lies among them, in ${root}`,
      {
        remedy: `Pass another ${option(given)}, such as ${join(dirname(resolve(data)), basename(written))}.`,
      },
    );
  }
}

/** Whether `path` is the folder or lies in it; both without links. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

/** Folders in which others are taken for classes, and those of plain images. */
async function rootsOf(data: string, withPlain: boolean): Promise<string[]> {
  try {
    const layout = await findClassLayout(data);
    if (layout !== undefined) return Object.values(layout.roots).map((root) => join(data, root));
    return withPlain && (await holdsImages(data)) ? [data] : [];
  } catch {
    return []; // Whoever reads the images says what is wrong with them.
  }
}

/** Without links, as far as it is there. */
async function realFolder(path: string): Promise<string> {
  const parent = dirname(path);
  return realpath(path).catch(async () =>
    parent === path ? resolve(path) : join(await realFolder(parent), basename(path)),
  );
}
