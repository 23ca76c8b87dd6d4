import { extname } from 'node:path';
import { abbreviated } from '../abbreviated.ts';
import { grouped } from '../grouped.ts';
import { folderEntries, isFolder } from '../images/image_files.ts';
import { compareCodePoints } from '../order/order.ts';

/** What lies in a folder, for messages: "the folders a, b and 3 files (2 .txt, 1 without extension)". */
export async function describeFolder(path: string): Promise<string> {
  const folders: string[] = [];
  const files: string[] = [];
  for (const entry of await folderEntries(path)) {
    ((await isFolder(path, entry)) ? folders : files).push(entry.name);
  }
  const parts: string[] = [];
  if (folders.length > 0) {
    const names = abbreviated(folders.sort(compareCodePoints));
    parts.push(`the ${folders.length === 1 ? 'folder' : 'folders'} ${names}`);
  }
  if (files.length > 0) {
    const kinds = grouped(files, (name) => extname(name).toLowerCase());
    const counts = [...kinds]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([kind, of]) => `${of.length} ${kind === '' ? 'without extension' : kind}`);
    parts.push(
      `${files.length === 1 ? '1 file' : `${files.length} files`} (${abbreviated(counts)})`,
    );
  }
  return parts.length === 0 ? 'nothing' : parts.join(' and ');
}
