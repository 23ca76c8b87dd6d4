import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { mapAhead } from '../map_ahead.ts';
import { compareCodePoints } from '../order/order.ts';
import { notAFolder } from './not_a_folder.ts';

/** Compared without regard to case; ImageNet's own files end in .JPEG. */
export const EXTENSIONS: readonly string[] = ['.jpeg', '.jpg', '.png', '.webp'];

const FILES_STATED_AT_ONCE = 64;

/** A labelled file. */
export interface ImageFile {
  /** Relative to the data set's folder, with slashes: "images/n02114548/a.JPEG" */
  readonly name: string;
  readonly path: string;
  readonly label: number;
  /** Size, or −1 where the entry is a dangling link. */
  readonly bytes: number;
  /** What it holds, where that is in memory that worker threads share; else it is read from `path`. */
  readonly content?: Uint8Array;
}

/** A folder whose images all have one label. */
export interface ClassFolder {
  readonly path: string;
  /** As in ImageFile.name. */
  readonly name: string;
  readonly label: number;
}

/**
 * Names of the folders within `path` (links followed, hidden ones left out), by code point.
 * Throws UserError where `path` is no folder.
 */
export async function subfolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw notAFolder(path, error);
  });
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(join(path, entry.name)))))
      names.push(entry.name);
  }
  return names.sort(compareCodePoints);
}

/** Whether `path` is a folder, or a link to one. */
async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/**
 * The image files of class folders, sorted by name in code points, so that neither the file system's
 * order nor the locale matters. Entries without an image's extension are left out, and one warning
 * tells how many and names the first.
 */
export async function listImageFiles(
  folders: readonly ClassFolder[],
  reporter: Reporter,
): Promise<ImageFile[]> {
  const found: Omit<ImageFile, 'bytes'>[] = [];
  const others: string[] = [];
  const progress = reporter.start('Listing images', folders.length, 'folders');
  try {
    for (const [done, folder] of folders.entries()) {
      for (const entry of await readdir(folder.path)) {
        const name = `${folder.name}/${entry}`;
        if (!EXTENSIONS.includes(extname(entry).toLowerCase())) others.push(name);
        else found.push({ name, path: join(folder.path, entry), label: folder.label });
      }
      progress.update(done + 1);
    }
  } finally {
    progress.end();
  }
  warnOfOthers(others, reporter);
  found.sort((a, b) => compareCodePoints(a.name, b.name));
  const files: ImageFile[] = [];
  const sized = mapAhead(found, FILES_STATED_AT_ONCE, async (file) => ({
    ...file,
    bytes: (await stat(file.path).catch(() => undefined))?.size ?? -1,
  }));
  for await (const file of sized) files.push(file);
  return files;
}

/** Says which entries are left out, where there are such. */
export function warnOfOthers(others: readonly string[], reporter: Reporter): void {
  if (others.length === 0) return;
  const count = others.length === 1 ? '1 entry' : `${others.length} entries`;
  reporter.warn(`Left out ${count} without an image's extension, such as ${others[0]}`);
}
