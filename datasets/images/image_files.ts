import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { mapAhead } from '../map_ahead.ts';
import { compareCodePoints } from '../order/order.ts';
import { hasImageName, unreadFormatOf } from './image_formats.ts';
import { notAFolder } from './not_a_folder.ts';

const FILES_STATED_AT_ONCE = 64;

/** A file that counts as an image. */
export interface ImageFile {
  /** Relative to the data set's folder, with slashes: "images/n02114548/a.JPEG" */
  readonly name: string;
  readonly path: string;
  /** Size, or −1 where the entry is a dangling link. */
  readonly bytes: number;
  /** What it holds, where that is in memory that worker threads share; else it is read from `path`. */
  readonly content?: Uint8Array;
}

export interface LabelledFile extends ImageFile {
  readonly label: number;
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
  const names: string[] = [];
  for (const entry of await folderEntries(path)) {
    if (!entry.name.startsWith('.') && (await isFolder(path, entry))) names.push(entry.name);
  }
  return names.sort(compareCodePoints);
}

/** What lies in a folder, in no order. Throws UserError where `path` is none, or may not be listed. */
export function folderEntries(path: string): Promise<Dirent[]> {
  return readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw notAFolder(path, error);
  });
}

/** Whether an entry of the folder `path` is a folder, or a link to one. */
export async function isFolder(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return (await stat(join(path, entry.name)).catch(() => undefined))?.isDirectory() ?? false;
}

/**
 * The image files of class folders, sorted by name in code points, so that neither the file system's
 * order nor the locale matters. Hidden entries and those without an image's extension are left out,
 * which warnings tell; so is a folder that may not be read.
 * @throws UserError where none of the folders may be read
 */
export async function listImageFiles(
  folders: readonly ClassFolder[],
  reporter: Reporter,
): Promise<LabelledFile[]> {
  const found: Omit<LabelledFile, 'bytes'>[] = [];
  const others: string[] = [];
  const unreadable: unknown[] = [];
  const progress = reporter.start('Listing images', folders.length, 'folders');
  try {
    for (const [done, folder] of folders.entries()) {
      for (const entry of await entriesOf(folder, unreadable, reporter)) {
        const name = `${folder.name}/${entry}`;
        if (!hasImageName(entry)) others.push(name);
        else found.push({ name, path: join(folder.path, entry), label: folder.label });
      }
      progress.update(done + 1);
    }
  } finally {
    progress.end();
  }
  if (folders.length > 0 && unreadable.length === folders.length) throw unreadable[0];
  warnOfOthers(others, reporter);
  return sizedFiles(found);
}

/** Files with their sizes, sorted by name in code points. */
export async function sizedFiles<File extends { readonly name: string; readonly path: string }>(
  found: readonly File[],
): Promise<(File & { readonly bytes: number })[]> {
  const sorted = found.toSorted((a, b) => compareCodePoints(a.name, b.name));
  const files: (File & { readonly bytes: number })[] = [];
  const sized = mapAhead(sorted, FILES_STATED_AT_ONCE, async (file) => ({
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
    return (await folderEntries(folder.path)).map(({ name }) => name);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    unreadable.push(error);
    reporter.warn(`Left out the folder ${folder.name}: ${messageOf(error)}`);
    return [];
  }
}

/** Says which entries are left out, where there are such; images in formats that are not read by name. */
export function warnOfOthers(others: readonly string[], reporter: Reporter): void {
  const unread = others.filter((name) => unreadFormatOf(name) !== undefined);
  if (unread.length > 0) {
    const formats = [...new Set(unread.map(unreadFormatOf))].join(', ');
    reporter.warn(
      `Left out ${entries(unread.length)} in formats that are not read (${formats}), such as ${unread[0]}: convert to PNG`,
    );
  }
  const rest = others.filter((name) => unreadFormatOf(name) === undefined);
  if (rest.length > 0) {
    reporter.warn(
      `Left out ${entries(rest.length)} without an image's extension, such as ${rest[0]}`,
    );
  }
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}
