import { type FileHandle, open } from 'node:fs/promises';
import { whenFree } from '../../foundation/files/read_when_free.ts';
import { readAt } from './byte_stream.ts';

/** A shuffled order goes from file to file: a few dozen stay open of a usual limit of 1024. */
const MAX_OPEN_FILES = 64;

interface OpenFile {
  readonly handle: Promise<FileHandle>;
  /** Reads under way. */
  users: number;
}

/**
 * Files that are read at random positions. They stay open between two reads, at most `maxOpen` of them
 * (more only while more are read at once); the one not read for longest is closed first.
 */
export class RecordFiles {
  private readonly maxOpen: number;
  /** By path, the one not read for longest first. */
  private readonly open = new Map<string, OpenFile>();

  constructor(maxOpen: number = MAX_OPEN_FILES) {
    this.maxOpen = maxOpen;
  }

  /** Number of files that are open. */
  get openCount(): number {
    return this.open.size;
  }

  /**
   * `length` bytes of the file from `position` on, in a buffer of their own; fewer where it ends before.
   * Throws the system's error where it cannot be opened or read.
   */
  async read(path: string, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.acquire(path);
    try {
      return await readAt(await file.handle, position, length);
    } finally {
      file.users--;
      await this.closeIdle(this.maxOpen);
    }
  }

  /** Closes every file. A later read opens its file again. */
  async close(): Promise<void> {
    await this.closeIdle(0);
  }

  private acquire(path: string): OpenFile {
    const file = this.open.get(path) ?? { handle: this.opened(path), users: 0 };
    file.handle.catch(() => {
      // Tried again by the next read.
      if (this.open.get(path) === file) this.open.delete(path);
    });
    this.open.delete(path);
    this.open.set(path, file);
    file.users++;
    return file;
  }

  /** Where the process has as many files open as it may, those that nobody reads are given up. */
  private opened(path: string): Promise<FileHandle> {
    return whenFree(path, async () => {
      try {
        return await open(path, 'r');
      } catch (error) {
        await this.closeIdle(0);
        throw error;
      }
    });
  }

  private async closeIdle(remaining: number): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [path, file] of this.open) {
      if (this.open.size <= remaining) break;
      if (file.users > 0) continue;
      this.open.delete(path);
      closing.push(file.handle.then((handle) => handle.close()));
    }
    await Promise.all(closing);
  }
}
