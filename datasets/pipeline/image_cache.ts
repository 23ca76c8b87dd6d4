import { createHash } from 'node:crypto';
import { open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { makeFolder } from '../../foundation/files/make_folder.ts';
import { temporaryPath } from '../../foundation/files/temporary_path.ts';

/** Where prepared images are kept for later epochs and runs. Plain data, for worker threads. */
export interface CacheOptions {
  readonly dir: string;
  /** Bytes of all files together. */
  readonly limit: number;
}

/** Why an image was not kept: what the system said, or a size that the limit never allows. Plain data. */
export type CacheTrouble =
  | { readonly kind: 'system'; readonly code: string | undefined }
  | { readonly kind: 'size'; readonly bytes: number };

/** An image that was kept: its bytes, uint8 or float32. */
export interface CachedImage {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** By the first two digits of an image's hash; each has its part of the limit. */
export const FOLDERS = 256;

/** Of the room that a process last saw in a folder it takes this part before it looks again: others write, too. */
const OWN_PART = 1 / 32;

/** A file that nobody has used for so long makes room for another. */
const UNUSED_MS = 24 * 3600 * 1000;

/** A folder that is full is looked at again after this time. */
const FULL_MS = 60_000;

const MAGIC = 0x54463849; // "TF8I"
const VERSION = 1;
/** Magic, version, height, width, channels, CRC-32 of the data; uint32 each. */
const HEADER_BYTES = 24;

interface Folder {
  /** Bytes of its files when it was looked at, and of those that this process has added. */
  bytes: number;
  own: number;
  fullUntil: number;
}

/**
 * Files of decoded, or decoded and resized, images. A file is there whole or not at all, so that threads,
 * processes and machines may share the folder; one that is damaged counts as missing and is written anew.
 * The limit is kept to a file of each process that writes at one time. What cannot be written, on a full disk
 * say, is not kept, and the caller gets to know why.
 */
export class ImageCache {
  private static readonly shared = new Map<string, ImageCache>();

  private readonly dir: string;
  private readonly mostBytes: number;
  private readonly folders = new Map<string, Folder>();
  private readonly now: () => number;

  /** @param now milliseconds */
  constructor({ dir, limit }: CacheOptions, now: () => number = Date.now) {
    this.dir = dir;
    this.mostBytes = limit / FOLDERS;
    this.now = now;
  }

  /** This thread's. */
  static of(options: CacheOptions): ImageCache {
    const name = `${options.limit} ${options.dir}`;
    const known = ImageCache.shared.get(name) ?? new ImageCache(options);
    ImageCache.shared.set(name, known);
    return known;
  }

  /**
   * Names what becomes of an encoded image.
   * @param how all that decides it besides the image
   */
  static key(encoded: Uint8Array, how: readonly (string | number)[]): string {
    const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
    return `${sha256(encoded).slice(0, 32)}-${sha256(how.join(' ')).slice(0, 8)}`;
  }

  /** undefined where it is not there, or damaged. */
  async find(key: string): Promise<CachedImage | undefined> {
    const file = await open(this.path(key)).catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      const { size, mtimeMs } = await file.stat();
      const bytes = new Uint8Array(size);
      const { bytesRead } = await file.read(bytes, 0, size, 0);
      const image = bytesRead === size ? imageIn(bytes) : undefined;
      const now = this.now();
      // Once a day is enough to tell what is used.
      if (image !== undefined && now - mtimeMs > UNUSED_MS / 2) {
        await file.utimes(now / 1000, now / 1000).catch(() => undefined);
      }
      return image;
    } catch {
      return undefined;
    } finally {
      await file.close();
    }
  }

  /**
   * Writes it, where there is room.
   * @returns what keeps it from being written, other than a cache that is full
   */
  async keep(key: string, image: CachedImage): Promise<CacheTrouble | undefined> {
    const folder = join(this.dir, key.slice(0, 2));
    const path = this.path(key);
    const temporary = temporaryPath(path, '.tmp');
    const bytes = HEADER_BYTES + image.data.byteLength;
    if (bytes > this.mostBytes) return { kind: 'size', bytes };
    try {
      if (!(await this.hasRoom(folder, bytes))) return undefined;
      await makeFolder(folder);
      await writeFile(temporary, fileOf(image));
      await rename(temporary, path);
      this.folders.get(folder)!.own += bytes;
      return undefined;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      return { kind: 'system', code: errorCode(error) };
    }
  }

  private path(key: string): string {
    return join(this.dir, key.slice(0, 2), key);
  }

  private async hasRoom(folder: string, bytes: number): Promise<boolean> {
    const { mostBytes } = this;
    const known = this.folders.get(folder);
    if (known !== undefined) {
      if (this.now() < known.fullUntil) return false;
      if (known.own + bytes <= OWN_PART * (mostBytes - known.bytes)) return true;
    }
    const used = await this.makeRoom(folder, bytes);
    const isFull = used + bytes > mostBytes;
    const fullUntil = isFull ? this.now() + FULL_MS : 0;
    this.folders.set(folder, { bytes: used, own: 0, fullUntil });
    return !isFull;
  }

  /** Removes files that nobody uses any more, where others need the room. @returns bytes of the others */
  private async makeRoom(folder: string, bytes: number): Promise<number> {
    const files: { path: string; size: number; used: number }[] = [];
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const info = await stat(path).catch(() => undefined); // another process may have removed it
      if (info !== undefined) files.push({ path, size: info.size, used: info.mtimeMs });
    }
    let total = files.reduce((sum, { size }) => sum + size, 0);
    files.sort((a, b) => a.used - b.used);
    for (const { path, size, used } of files) {
      if (total + bytes <= this.mostBytes || this.now() - used < UNUSED_MS) break;
      await rm(path, { force: true });
      total -= size;
    }
    return total;
  }
}

function fileOf({ height, width, channels, data }: CachedImage): Uint8Array {
  const file = new Uint8Array(HEADER_BYTES + data.byteLength);
  const header = new DataView(file.buffer);
  for (const [n, value] of [MAGIC, VERSION, height, width, channels, crc32(data)].entries()) {
    header.setUint32(4 * n, value, true);
  }
  file.set(data, HEADER_BYTES);
  return file;
}

function imageIn(file: Uint8Array): CachedImage | undefined {
  if (file.byteLength < HEADER_BYTES) return undefined;
  const header = new DataView(file.buffer);
  const [magic, version, height, width, channels, crc] = [0, 1, 2, 3, 4, 5].map((n) =>
    header.getUint32(4 * n, true),
  );
  const data = file.subarray(HEADER_BYTES);
  if (magic !== MAGIC || version !== VERSION || crc32(data) !== crc) return undefined;
  return { height, width, channels, data };
}
