/**
 * TensorFlow's sorted table of keys and values, in which both versions of its checkpoints lie: LevelDB's
 * format (https://github.com/google/leveldb/blob/main/doc/table_format.md) with its block trailers and
 * TensorFlow's masked CRC-32C.
 *
 *     blocks, each with a trailer of 5 bytes: compression, masked CRC-32C of the block and that byte
 *     index block: for each block a key and the block's handle (offset and size as varints)
 *     footer of 48 bytes: handle of the metaindex, handle of the index, padding, magic number
 */
import type { ByteSource } from '../../foundation/files/byte_source.ts';
import { maskedCrc32c } from '../../foundation/hashes/crc32c.ts';
import { damagedCheckpoint } from './errors.ts';

const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
/** A restart's offset, and their number at the end of a block. */
const RESTART_BYTES = 4;
const MAGIC = 0xdb4775248b80fb57n;
const NO_COMPRESSION = 0;
/** Far above a tensor's name: keys grow by what they share with the one before. */
const MAX_KEY_BYTES = 2 ** 16;

export interface TableEntry {
  readonly key: Uint8Array;
  /** A view of the block, valid as long as it is wanted. */
  readonly value: Uint8Array;
}

interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/** Whether the source ends as a table does. */
export async function isSortedTable(source: ByteSource): Promise<boolean> {
  if (source.size < FOOTER_BYTES) return false;
  const footer = await source.read(source.size - FOOTER_BYTES, FOOTER_BYTES);
  return magicOf(footer) === MAGIC;
}

/**
 * The entries in the order of their keys. One block is in memory at a time, and each is read once.
 * @throws UserError naming the source where it is no table, is cut off or damaged, or is compressed
 */
export async function* tableEntries(source: ByteSource): AsyncGenerator<TableEntry> {
  const { name, size } = source;
  if (!(await isSortedTable(source))) {
    throw damagedCheckpoint(
      name,
      `expected a table that ends in the magic number ${MAGIC.toString(16)} but its ${size} bytes do not`,
    );
  }
  const footer = new VarintReader(
    await source.read(size - FOOTER_BYTES, FOOTER_BYTES),
    `the footer of ${name}`,
  );
  footer.handle();
  const index = await readBlock(source, footer.handle(), 'the index');
  let end = 0;
  for (const entry of blockEntries(index, `the index of ${name}`)) {
    const handle = new VarintReader(entry.value, `the index of ${name}`).handle();
    // Blocks follow each other: none is read twice, however many entries name it.
    if (handle.offset < end) {
      throw damagedCheckpoint(
        name,
        `expected a block at byte ${end} or later but received ${handle.offset}`,
      );
    }
    const block = await readBlock(source, handle, `the block at byte ${handle.offset}`);
    end = handle.offset + handle.size + TRAILER_BYTES;
    yield* blockEntries(block, `the block at byte ${handle.offset} of ${name}`);
  }
}

function magicOf(footer: Uint8Array): bigint {
  return new DataView(footer.buffer, footer.byteOffset).getBigUint64(FOOTER_BYTES - 8, true);
}

/** A block's content, its trailer checked. */
async function readBlock(
  source: ByteSource,
  { offset, size }: BlockHandle,
  what: string,
): Promise<Uint8Array> {
  const last = source.size - FOOTER_BYTES;
  if (offset + size + TRAILER_BYTES > last) {
    throw damagedCheckpoint(
      source.name,
      `expected ${what} to end before byte ${last} but it has ${size} bytes from ${offset} on`,
    );
  }
  const bytes = await source.read(offset, size + TRAILER_BYTES);
  const compression = bytes[size];
  const expected = new DataView(bytes.buffer, bytes.byteOffset).getUint32(size + 1, true);
  const received = maskedCrc32c(bytes.subarray(0, size + 1));
  if (received !== expected) {
    throw damagedCheckpoint(
      source.name,
      `expected the masked CRC-32C ${expected} of ${what} but received ${received}`,
    );
  }
  if (compression !== NO_COMPRESSION) {
    throw damagedCheckpoint(
      source.name,
      `expected ${what} uncompressed, as TensorFlow writes it, but its compression is ${compression}`,
    );
  }
  return bytes.subarray(0, size);
}

/** Keys are stored as what they do not share with the key before. */
function* blockEntries(block: Uint8Array, where: string): Generator<TableEntry> {
  if (block.length < RESTART_BYTES) {
    throw damagedCheckpoint(
      where,
      `expected at least ${RESTART_BYTES} bytes but it has ${block.length}`,
    );
  }
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const restarts = view.getUint32(block.length - RESTART_BYTES, true);
  const end = block.length - RESTART_BYTES * (restarts + 1);
  if (end < 0) {
    throw damagedCheckpoint(
      where,
      `expected room for ${restarts} restarts but it has ${block.length} bytes`,
    );
  }
  const reader = new VarintReader(block.subarray(0, end), where);
  let key: Uint8Array = new Uint8Array(0);
  while (!reader.done) {
    const shared = reader.varint();
    const own = reader.varint();
    const length = reader.varint();
    if (shared > key.length || shared + own > MAX_KEY_BYTES) {
      throw damagedCheckpoint(
        where,
        `expected a key of at most ${MAX_KEY_BYTES} bytes that shares at most ${key.length} with the one before but it shares ${shared} and adds ${own}`,
      );
    }
    const suffix = reader.bytes(own);
    const whole = new Uint8Array(shared + own);
    whole.set(key.subarray(0, shared));
    whole.set(suffix, shared);
    key = whole;
    yield { key, value: reader.bytes(length) };
  }
}

/** Base-128 numbers, the low groups first (LevelDB's coding.h). */
class VarintReader {
  private readonly source: Uint8Array;
  private readonly where: string;
  private position = 0;

  constructor(source: Uint8Array, where: string) {
    this.source = source;
    this.where = where;
  }

  get done(): boolean {
    return this.position === this.source.length;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.source[this.position++];
      if (byte === undefined) throw this.cutOff();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (Number.isSafeInteger(value)) return value;
        break;
      }
    }
    throw damagedCheckpoint(this.where, 'expected a number below 2^53 but received a greater one');
  }

  handle(): BlockHandle {
    return { offset: this.varint(), size: this.varint() };
  }

  bytes(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.source.length) throw this.cutOff();
    const taken = this.source.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  private cutOff(): Error {
    return damagedCheckpoint(this.where, `expected more than its ${this.source.length} bytes`);
  }
}
