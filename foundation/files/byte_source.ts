import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { asSystemError } from './file_errors.ts';

const CHANGED = 'Let no other program write the file while it is read.';

/** Bytes that can be read in any order; a reader asks for no more than there are. */
export interface ByteSource {
  /** What errors call it. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** The bytes [offset, offset + length), which must lie inside. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a file for reading; it has to be closed.
 * @throws UserError where there is no such file, or it cannot be read
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const file = await openFile(path);
  const info = await file.stat();
  if (!info.isFile()) {
    await file.close();
    throw new UserError(`Expected a file at ${path} but it is of another kind`);
  }
  const { size } = info;
  return {
    name: path,
    size,
    read: (offset, length) => readFully(file, offset, length, path),
    close: () => file.close(),
  };
}

/**
 * Reads a whole file that has at most `maxBytes`: its size is looked at before memory is taken.
 * @throws UserError where it is larger, is not there or cannot be read
 */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const source = await fileSource(path);
  try {
    if (source.size > maxBytes) {
      throw new UserError(
        `Expected a file of at most ${maxBytes} bytes at ${path} but it has ${source.size}`,
        { remedy: 'Check the path: no network that is read here has such a file.' },
      );
    }
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw asSystemError(error, `to read the file ${path}`);
  }
}

async function readFully(
  file: FileHandle,
  offset: number,
  length: number,
  path: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file
      .read(bytes, done, length - done, offset + done)
      .catch((error: unknown) => {
        throw asSystemError(error, `to read the file ${path}`);
      });
    if (bytesRead === 0) {
      throw new UserError(
        `Expected ${length} bytes at ${offset} of ${path} but it became shorter`,
        {
          remedy: CHANGED,
        },
      );
    }
    done += bytesRead;
  }
  return bytes;
}
