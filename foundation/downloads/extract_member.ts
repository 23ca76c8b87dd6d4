import * as tar from 'tar';
import { messageOf, UserError } from '../errors.ts';

/**
 * Reads one file of a (gzipped) tar archive into memory. Nothing is written to disk, so the paths
 * in the archive have no power; other entries are skipped, as is a second file of that path. A path of
 * the archive may begin with "./".
 *
 * @param maxBytes the most that the file may have
 * @throws UserError naming the archive where it is damaged or cut off, the file is not in it or is
 *   too large
 */
export async function extractMember(
  archive: string,
  member: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size: number | undefined;
  try {
    await tar.list({
      file: archive,
      strict: true,
      filter: (path, entry) =>
        path.replace(/^\.\//, '') === member && 'type' in entry && entry.type === 'File',
      onReadEntry: (entry) => {
        const first = size === undefined;
        size ??= entry.size;
        if (first && size <= maxBytes) entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      },
    });
  } catch (error) {
    throw unusable(archive, `it cannot be unpacked (${messageOf(error)})`, error);
  }
  if (size === undefined) throw unusable(archive, `it has no file ${member}`);
  if (size > maxBytes) {
    throw unusable(
      archive,
      `expected at most ${maxBytes} bytes for ${member} but received ${size}`,
    );
  }
  return Buffer.concat(chunks);
}

function unusable(archive: string, what: string, cause?: unknown): UserError {
  return new UserError(`${archive} is not a usable archive: ${what}`, {
    remedy: `Remove ${archive} and pull again.`,
    cause,
  });
}
