import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { folderEntries, isFolder } from './image_files.ts';
import { hasImageName } from './image_formats.ts';
import { notAFolder } from './not_a_folder.ts';

/** An image file that was found. */
export interface FoundImage {
  /** As in ImageFile.name. */
  readonly name: string;
  readonly path: string;
}

/** What lies in a folder and the folders within it. */
export interface FoundImages {
  /** In no order. */
  readonly images: readonly FoundImage[];
  /** Names of what is no image, or hidden; a folder that is left out is one of them. */
  readonly others: readonly string[];
}

/** Folders that programs put beside images: of archives from macOS, and of a network storage. */
const SIDE_FOLDERS = ['__MACOSX', '@eaDir'];

/** Whether a folder of this name is left out, with all that it holds. */
export function isSideFolder(name: string): boolean {
  return name.startsWith('.') || SIDE_FOLDERS.includes(name);
}

/**
 * The image files within a folder, at any depth. Links are followed, except those to a folder that the
 * link lies in.
 * @param name of the folder, as in ImageFile.name; '' for that of the data set
 * @throws UserError where a folder may not be listed; the signal's reason
 */
export async function findImages(
  path: string,
  name: string,
  signal?: AbortSignal,
): Promise<FoundImages> {
  const images: FoundImage[] = [];
  const others: string[] = [];
  for await (const found of walk(path, name, [await realFolder(path)], signal)) {
    if (found.isImage) images.push({ name: found.name, path: found.path });
    else others.push(found.name);
  }
  return { images, others };
}

/** Whether there is an image file within a folder, at any depth. */
export async function holdsImages(path: string): Promise<boolean> {
  for await (const { isImage } of walk(path, '', [await realFolder(path)])) {
    if (isImage) return true;
  }
  return false;
}

function realFolder(path: string): Promise<string> {
  return realpath(path).catch((error: unknown) => {
    throw notAFolder(path, error);
  });
}

interface Found extends FoundImage {
  readonly isImage: boolean;
}

/** @param within the real paths of the folder and of those that it was reached through */
async function* walk(
  path: string,
  name: string,
  within: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<Found, void, undefined> {
  const folders: FoundImage[] = [];
  for (const entry of await folderEntries(path)) {
    signal?.throwIfAborted();
    const inner = {
      name: name === '' ? entry.name : `${name}/${entry.name}`,
      path: join(path, entry.name),
    };
    if (!(await isFolder(path, entry))) yield { ...inner, isImage: hasImageName(entry.name) };
    else if (isSideFolder(entry.name)) yield { ...inner, isImage: false };
    else folders.push(inner);
  }
  for (const folder of folders) {
    const real = await realFolder(folder.path);
    if (within.includes(real)) yield { ...folder, isImage: false };
    else yield* walk(folder.path, folder.name, [...within, real], signal);
  }
}
