import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Parser, type ReadEntry } from 'tar';
import { messageOf, UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { StoredSplit } from '../dataset.ts';
import { type LabelledFile, warnOfOthers } from '../images/image_files.ts';
import { hasImageName } from '../images/image_formats.ts';
import { compareCodePoints } from '../order/order.ts';

/** Of images that are kept in memory: CIFAR-10's 50,000 have 154 MB even without compression. */
const MOST_BYTES = 2 ** 29;

export interface ImageTarOptions {
  readonly split: StoredSplit;
  readonly classNames: readonly string[];
  readonly reporter: Reporter;
  /** What the images may have together; 512 MiB unless given. */
  readonly mostBytes?: number;
}

/** An image as it lies in an archive. */
interface Entry {
  readonly name: string;
  readonly label: number;
  readonly chunks: readonly Buffer[];
}

/**
 * Reads the images of a split from a tar archive with the entries `<split>/<class>/<file>`, sorted by
 * name as `listImageFiles` sorts them. Their bytes are kept, still encoded, in memory that worker
 * threads share.
 *
 * @throws UserError where the file is no archive, truncated or too large, and where it holds an
 *   unknown class or no image
 */
export async function readImageTar(
  path: string,
  { split, classNames, reporter, mostBytes = MOST_BYTES }: ImageTarOptions,
): Promise<LabelledFile[]> {
  const found: Entry[] = [];
  const others: string[] = [];
  let unknown: string | undefined;
  let bytes = 0;
  const onReadEntry = (entry: ReadEntry) => {
    const name = entry.path.replace(/^\.\//, '');
    const [folder, className, file, ...rest] = name.split('/');
    const isImage =
      entry.type === 'File' &&
      folder === split &&
      file !== undefined &&
      rest.length === 0 &&
      hasImageName(file);
    if (isImage) bytes += entry.size;
    else if (entry.type !== 'Directory') others.push(name);
    if (!isImage || bytes > mostBytes) {
      entry.resume();
      return;
    }
    const label = classNames.indexOf(className);
    if (label < 0) unknown ??= className;
    const chunks: Buffer[] = [];
    entry.on('data', (chunk: Buffer) => chunks.push(chunk));
    found.push({ name, label, chunks });
  };
  await parse(path, onReadEntry);
  if (bytes > mostBytes) {
    throw archiveError(path, `its images have ${bytes} bytes, more than ${mostBytes}`);
  }
  if (unknown !== undefined) {
    throw archiveError(
      path,
      `it holds the class ${unknown}; the classes are ${classNames.join(', ')}`,
    );
  }
  if (found.length === 0) throw archiveError(path, `it holds no image ${split}/<class>/<file>`);
  warnOfOthers(others, reporter);
  found.sort((a, b) => compareCodePoints(a.name, b.name));
  return inSharedMemory(found, path);
}

/** Tells of each entry before its content is read. Throws UserError where the archive is damaged. */
async function parse(path: string, onReadEntry: (entry: ReadEntry) => void): Promise<void> {
  let ended = false;
  try {
    const parser = new Parser({ strict: true, onReadEntry });
    parser.on('eof', () => {
      ended = true;
    });
    await pipeline(createReadStream(path), parser as unknown as NodeJS.WritableStream);
  } catch (cause) {
    throw archiveError(path, messageOf(cause), cause);
  }
  // An archive ends with two blocks of zeros (POSIX ustar): one cut between two files has none.
  if (!ended) throw archiveError(path, 'its end is missing: it is truncated');
}

function inSharedMemory(entries: readonly Entry[], path: string): LabelledFile[] {
  const sizes = entries.map(({ chunks }) => chunks.reduce((sum, { length }) => sum + length, 0));
  const memory = new Uint8Array(new SharedArrayBuffer(sizes.reduce((a, b) => a + b, 0)));
  let end = 0;
  return entries.map(({ name, label, chunks }, index) => {
    const start = end;
    for (const chunk of chunks) {
      memory.set(chunk, end);
      end += chunk.length;
    }
    const content = memory.subarray(start, end);
    return { name, path: `${path}:${name}`, label, bytes: sizes[index], content };
  });
}

function archiveError(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Expected a tar archive of CIFAR-10's images at ${path} but ${reason}.`, {
    remedy:
      'Copy or make the archive again: its files are train/<class>/<file> or test/<class>/<file>.',
    cause,
  });
}
