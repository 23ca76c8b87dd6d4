import { buffer } from 'node:stream/consumers';
import { openPromise } from 'yauzl';
import { messageOf, UserError } from '../errors.ts';

/**
 * Reads one file of a zip archive, such as a Python wheel, into memory. Nothing is written to disk, so
 * the paths in the archive have no power.
 * @param maxBytes the most that the file may have
 * @param remedy what to do about an archive that is not usable
 * @throws UserError naming the archive where it is damaged, or the file is not in it or is too large
 */
export async function extractZipMember(
  archive: string,
  member: string,
  maxBytes: number,
  remedy = `Remove ${archive} and pull again.`,
): Promise<Uint8Array> {
  const unusable = (what: string, cause?: unknown) => unusableArchive(archive, what, remedy, cause);
  try {
    const zip = await openPromise(archive, { lazyEntries: true });
    try {
      for await (const entry of zip.eachEntry()) {
        if (entry.fileName !== member) continue;
        const { uncompressedSize: size } = entry;
        if (size > maxBytes) {
          throw unusable(`expected at most ${maxBytes} bytes for ${member} but received ${size}`);
        }
        // yauzl ends the stream with an error where it brings more or fewer bytes than that.
        return await buffer(await zip.openReadStreamPromise(entry));
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unusable(`it cannot be unpacked (${messageOf(error)})`, error);
  }
  throw unusable(`it has no file ${member}`);
}

function unusableArchive(archive: string, what: string, remedy: string, cause: unknown): UserError {
  return new UserError(`${archive} is not a usable archive: ${what}`, { remedy, cause });
}
