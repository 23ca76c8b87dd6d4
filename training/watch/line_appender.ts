import { close, fstatSync, fsync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { asFileError } from '../../foundation/files/file_errors.ts';

const fsyncFile = promisify(fsync);
const closeFile = promisify(close);

type Write = (file: number, bytes: Uint8Array, offset: number) => number;

/**
 * Appends whole lines to a file. A line is with the system when `append` returns, so that killing the
 * process loses none. What cannot be written, on a full disk for instance, is kept and written with
 * the next line; the file never holds half a line before another.
 */
export class LineAppender {
  private readonly path: string;
  private readonly onFailure: (error: unknown) => void;
  private readonly write: Write;
  private file: number | undefined;
  private size: number;
  private pending = '';

  /**
   * @param onFailure is called once for each row of failures, with a UserError where there is a remedy
   * @param write as `fs.writeSync`
   * @throws UserError where `path` cannot be opened
   */
  constructor(path: string, onFailure: (error: unknown) => void, write: Write = writeSync) {
    this.path = path;
    this.onFailure = onFailure;
    this.write = write;
    try {
      this.file = openSync(path, 'a');
    } catch (error) {
      throw asFileError(error, path);
    }
    this.size = fstatSync(this.file).size;
  }

  /** @param line with its end */
  append(line: string): void {
    const failedBefore = this.pending !== '';
    this.pending += line;
    const bytes = Buffer.from(this.pending);
    try {
      let written = 0;
      while (written < bytes.length) written += this.write(this.open, bytes, written);
    } catch (error) {
      this.takeBack();
      if (!failedBefore) this.onFailure(asFileError(error, this.path));
      return;
    }
    this.size += bytes.length;
    this.pending = '';
  }

  /** Waits until the disk holds what was appended. */
  async sync(): Promise<void> {
    try {
      await fsyncFile(this.open);
    } catch (error) {
      this.onFailure(asFileError(error, this.path));
    }
  }

  /** As `sync`; what could not be written before is tried once more. */
  async close(): Promise<void> {
    if (this.pending !== '') this.append('');
    await this.sync();
    const { file } = this;
    this.file = undefined;
    if (file !== undefined) await closeFile(file);
  }

  /** The number of a file that was closed may be another file's by now. */
  private get open(): number {
    if (this.file === undefined) throw new Error(`Expected ${this.path} open but it was closed`);
    return this.file;
  }

  /** Removes the part of the lines that a failed write has left. */
  private takeBack(): void {
    try {
      ftruncateSync(this.open, this.size);
    } catch {
      // The line after the part is then damaged too, which reading leaves out.
    }
  }
}
