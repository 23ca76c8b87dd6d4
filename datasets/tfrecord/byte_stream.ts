import type { FileHandle } from 'node:fs/promises';
import { mapAhead } from '../map_ahead.ts';

/** A file is read in pieces of this size, … */
const CHUNK_BYTES = 4 * 2 ** 20;

/** … some ahead of the consumer, so that the disk works while the consumer does. */
const CHUNKS_AHEAD = 3;

/** The bytes of an open file from its beginning, handed out in pieces of any length. */
export class ByteStream {
  private readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  private held: Uint8Array = new Uint8Array(0);

  /** @param size bytes of the file; what is appended later is not read */
  constructor(file: FileHandle, size: number, chunkBytes: number = CHUNK_BYTES) {
    this.chunks = mapAhead(multiples(chunkBytes, size), CHUNKS_AHEAD, (start) =>
      readAt(file, start, Math.min(chunkBytes, size - start)),
    );
  }

  /** The next `count` bytes; fewer where the file ends before. */
  async take(count: number): Promise<Uint8Array> {
    if (count <= this.held.length) return this.takeHeld(count);
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0; ) {
      if (this.held.length === 0) {
        const { value, done } = await this.chunks.next();
        if (done) break;
        this.held = value;
      }
      const part = this.takeHeld(Math.min(missing, this.held.length));
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** Awaits the reads under way; the file may be closed after it. */
  async close(): Promise<void> {
    await this.chunks.return();
  }

  private takeHeld(count: number): Uint8Array {
    const taken = this.held.subarray(0, count);
    this.held = this.held.subarray(count);
    return taken;
  }
}

function* multiples(step: number, end: number): Generator<number, void, undefined> {
  for (let value = 0; value < end; value += step) yield value;
}

/** `length` bytes of a file from `position` on, in a buffer of their own; fewer where it ends before. */
export async function readAt(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Buffer.allocUnsafeSlow(length); // Not cleared: only what was read is handed out.
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
