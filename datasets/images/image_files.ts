import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { asReadError, errorCode } from '../../foundation/files/file_errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { mapAhead } from '../map_ahead.ts';
import { compareCodePoints } from '../order/order.ts';

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

function notAFolder(path: string, cause: unknown): unknown {
  const received = { ENOENT: 'there is no such folder', ENOTDIR: 'it is a file' }[
    errorCode(cause) ?? ''
  ];
  if (received === undefined) return asReadError(cause, path);
  return new UserError(`Expected a folder of images at ${path} but ${received}.`, {
    remedy: 'Pass the path of an existing folder.',
    cause,
  });
}

/**
 * The image files of class folders, sorted by name in code points, so that neither the file system's
 * order nor the locale matters. Entries without an image's extension are left out, and one warning
 * tells how many and names the first. A folder that may not be read is left out with a warning of its own.
 * @throws UserError where none of the folders may be read
 */
export async function listImageFiles(
  folders: readonly ClassFolder[],
  reporter: Reporter,
): Promise<ImageFile[]> {
  const found: Omit<ImageFile, 'bytes'>[] = [];
  const others: string[] = [];
  const unreadable: unknown[] = [];
  const progress = reporter.start('Listing images', folders.length, 'folders');
  try {
    for (const [done, folder] of folders.entries()) {
      for (const entry of await entriesOf(folder, unreadable, reporter)) {
        const name = `${folder.name}/${entry}`;
        if (!EXTENSIONS.includes(extname(entry).toLowerCase())) others.push(name);
        else found.push({ name, path: join(folder.path, entry), label: folder.label });
      }
      progress.update(done + 1);
    }
  } finally {
    progress.end();
  }
  if (folders.length > 0 && unreadable.length === folders.length) throw unreadable[0];
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

/** What keeps a single folder from being read, whoever reads it. */
const FORBIDDEN = ['EACCES', 'EPERM', 'EIO', 'ELOOP', 'ESTALE'];

/** Whether `error` says that one folder or file may not be read, while others may. */
export function isForbidden(error: unknown): boolean {
  const { cause } = error as { readonly cause?: unknown };
  return FORBIDDEN.includes(errorCode(error) ?? errorCode(cause) ?? '');
}

/** Names in a folder; none where it may not be read, which a warning says and `unreadable` keeps. */
async function entriesOf(
  folder: ClassFolder,
  unreadable: unknown[],
  reporter: Reporter,
): Promise<string[]> {
  try {
    return await readdir(folder.path);
  } catch (error) {
    const explained = asReadError(error, folder.path);
    if (!isForbidden(error)) throw explained;
    unreadable.push(explained);
    reporter.warn(`Left out the folder ${folder.name}: ${messageOf(explained)}`);
    return [];
  }
}

/** Says which entries are left out, where there are such. */
export function warnOfOthers(others: readonly string[], reporter: Reporter): void {
  if (others.length === 0) return;
  const count = others.length === 1 ? '1 entry' : `${others.length} entries`;
  reporter.warn(`Left out ${count} without an image's extension, such as ${others[0]}`);
}
