/** What a group of an HDF5 file holds: names, each with the address of an object. */
import type { Hdf5Reader } from './hdf5_reader.ts';
import { type Hdf5Message, MESSAGE } from './object_header.ts';

/** Above any file's of a network. */
const MAX_LINKS = 200_000;
const ENTRY_BYTES = 40;

/** Kinds of an entry that lead to no object: the names of others. */
const SOFT_LINK = 2;

/** Names of the group with these messages → addresses of their objects, in the order of the file. */
export function linksOf(
  reader: Hdf5Reader,
  messages: readonly Hdf5Message[],
): ReadonlyMap<string, number> {
  const links = new Map<string, number>();
  for (const { type, at } of messages) {
    if (type === MESSAGE.symbolTable) fromTable(reader, at, links);
    else if (type === MESSAGE.link) fromMessage(reader, at, links);
    else if (type === MESSAGE.linkInfo) requireNoHeap(reader, at);
  }
  return links;
}

/** Names in a heap, entries in the leaves of a tree. */
function fromTable(reader: Hdf5Reader, message: number, links: Map<string, number>): void {
  const heap = reader.uint64(message + 8);
  reader.signature(heap, 'HEAP');
  const [bytes, names] = [reader.uint64(heap + 8), reader.uint64(heap + 24)];
  const nameAt = (offset: number) => {
    if (offset >= bytes) throw reader.refuse('a name lies outside of its heap');
    return reader.textBeforeZero(names + offset, bytes - offset);
  };
  for (const table of leaves(reader, reader.uint64(message))) {
    reader.signature(table, 'SNOD');
    const count = reader.uint16(table + 6);
    for (let index = 0; index < count; index++) {
      const entry = table + 8 + ENTRY_BYTES * index;
      if (reader.uint32(entry + 16) === SOFT_LINK) continue;
      add(reader, links, nameAt(reader.uint64(entry)), reader.uint64(entry + 8));
    }
  }
}

/** The addresses that the leaves of a tree (version 1) hold, each node visited once. */
function leaves(reader: Hdf5Reader, root: number): number[] {
  const found: number[] = [];
  const seen = new Set<number>();
  const visit = (address: number, level: number | undefined) => {
    if (seen.has(address)) throw reader.refuse('a tree of names leads back to itself');
    seen.add(address);
    reader.signature(address, 'TREE');
    const own = reader.uint8(address + 5);
    if (level !== undefined && own !== level) throw reader.refuse('a tree of names is not sorted');
    const count = reader.uint16(address + 6);
    for (let index = 0; index < count; index++) {
      const child = reader.uint64(address + 32 + 16 * index);
      if (own === 0) found.push(child);
      else visit(child, own - 1);
    }
  };
  visit(root, undefined);
  return found;
}

function fromMessage(reader: Hdf5Reader, message: number, links: Map<string, number>): void {
  const flags = reader.uint8(message + 1);
  let at = message + 2;
  const kind = flags & 0x08 ? reader.uint8(at++) : 0;
  if (flags & 0x04) at += 8; // order of creation
  if (flags & 0x10) at += 1; // set of characters
  const lengthBytes = 1 << (flags & 3);
  const length = reader.unsigned(at, lengthBytes);
  at += lengthBytes;
  if (kind === 0) add(reader, links, reader.text(at, length), reader.uint64(at + length));
}

/** Many links are kept in a heap of another kind, by files for the newest HDF5 only. */
function requireNoHeap(reader: Hdf5Reader, message: number): void {
  const heap = reader.address(message + (reader.uint8(message + 1) & 0x01 ? 10 : 2));
  if (heap !== undefined) {
    throw reader.refuse('a group of it has its names in a fractal heap, which is not read');
  }
}

function add(reader: Hdf5Reader, links: Map<string, number>, name: string, address: number): void {
  links.set(name, address);
  if (links.size > MAX_LINKS) throw reader.refuse('a group has too many names');
}
