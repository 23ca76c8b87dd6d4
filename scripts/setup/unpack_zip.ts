import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as yauzl from 'yauzl';

/**
 * Unpacks the entries for which `pathOf` gives a path, streaming: memory does not grow with a
 * file's size.
 */
export async function unpackZip(
  archive: string,
  pathOf: (entryName: string) => string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const zip = await yauzl.openPromise(archive, { lazyEntries: true });
  try {
    for await (const entry of zip.eachEntry()) {
      const path = entry.fileName.endsWith('/') ? undefined : pathOf(entry.fileName);
      if (path === undefined) continue;
      await mkdir(dirname(path), { recursive: true });
      const content = await zip.openReadStreamPromise(entry);
      await pipeline(content, createWriteStream(path), { signal });
    }
  } finally {
    zip.close();
  }
}
