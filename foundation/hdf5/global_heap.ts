/** Where HDF5 keeps texts of any length: collections of numbered objects. */
import type { Hdf5Reader } from './hdf5_reader.ts';

const HEADER_BYTES = 16;

/** Of all collections together: above any file's of a network. */
const MAX_OBJECTS = 1_000_000;

export class GlobalHeaps {
  private readonly reader: Hdf5Reader;
  /** By address. */
  private readonly heaps = new Map<
    number,
    ReadonlyMap<number, readonly [at: number, size: number]>
  >();
  private objects = 0;

  constructor(reader: Hdf5Reader) {
    this.reader = reader;
  }

  /** The text that a length, the address of a collection and a number in it tell. */
  textAt(at: number): string {
    const { reader } = this;
    const length = reader.uint32(at);
    const address = reader.uint64(at + 4);
    if (length === 0) return '';
    const found = this.heap(address).get(reader.uint32(at + 12));
    if (found === undefined || length > found[1]) {
      throw reader.refuse(`the text at ${at} is not where it says`);
    }
    return reader.textBeforeZero(found[0], length);
  }

  private heap(address: number) {
    const known = this.heaps.get(address);
    if (known !== undefined) return known;
    const read = this.readHeap(address);
    this.heaps.set(address, read);
    return read;
  }

  private readHeap(address: number): Map<number, readonly [number, number]> {
    const { reader } = this;
    reader.signature(address, 'GCOL');
    const end = address + reader.uint64(address + 8);
    const objects = new Map<number, readonly [number, number]>();
    for (let at = address + HEADER_BYTES; at + HEADER_BYTES <= end; ) {
      const number = reader.uint16(at);
      if (number === 0) break; // what is free
      const size = reader.uint64(at + 8);
      reader.bytes(at + HEADER_BYTES, size);
      if (++this.objects > MAX_OBJECTS) throw reader.refuse('it has too many texts');
      objects.set(number, [at + HEADER_BYTES, size]);
      at += HEADER_BYTES + 8 * Math.ceil(size / 8);
    }
    return objects;
  }
}
