/** Headers of HDF5's objects: lists of messages that say what a group or a data set is. */
import type { Hdf5Reader } from './hdf5_reader.ts';

/** Numbers of the messages that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

export interface Hdf5Message {
  /** A number of MESSAGE, or another one. */
  readonly type: number;
  /** Where its body begins. */
  readonly at: number;
  /** In bytes. */
  readonly size: number;
  /** Whether another object holds its body. */
  readonly isShared: boolean;
}

interface Block {
  readonly at: number;
  readonly end: number;
}

/** Above any object's. */
const MAX_MESSAGES = 100_000;

const SHARED = 0x02;

/** The messages of the object at an address. */
export function readMessages(reader: Hdf5Reader, address: number): Hdf5Message[] {
  return reader.uint8(address) === 1 ? versionOne(reader, address) : versionTwo(reader, address);
}

function versionOne(reader: Hdf5Reader, address: number): Hdf5Message[] {
  const size = reader.uint32(address + 8);
  const first = { at: address + 16, end: address + 16 + size };
  return messagesIn(reader, first, 8, (at) => ({
    type: reader.uint16(at),
    size: reader.uint16(at + 2),
    flags: reader.uint8(at + 4),
  }));
}

function versionTwo(reader: Hdf5Reader, address: number): Hdf5Message[] {
  reader.signature(address, 'OHDR');
  const flags = reader.uint8(address + 5);
  let at = address + 6;
  if (flags & 0x20) at += 16; // times
  if (flags & 0x10) at += 4; // how many attributes are kept here
  const sizeBytes = 1 << (flags & 3);
  const size = reader.unsigned(at, sizeBytes);
  at += sizeBytes;
  const headBytes = flags & 0x04 ? 6 : 4;
  return messagesIn(
    reader,
    { at, end: at + size },
    headBytes,
    (message) => ({
      type: reader.uint8(message),
      size: reader.uint16(message + 1),
      flags: reader.uint8(message + 3),
    }),
    'OCHK',
  );
}

/** @param signature what blocks behind the first begin with, and a checksum ends them */
function messagesIn(
  reader: Hdf5Reader,
  first: Block,
  headBytes: number,
  headAt: (at: number) => { readonly type: number; readonly size: number; readonly flags: number },
  signature?: string,
): Hdf5Message[] {
  const messages: Hdf5Message[] = [];
  const waiting: Block[] = [first];
  const seen = new Set([first.at]);
  for (const { at: start, end } of waiting) {
    for (let at = start; at + headBytes <= end; ) {
      const { type, size, flags } = headAt(at);
      const body = at + headBytes;
      reader.bytes(body, size);
      messages.push({ type, at: body, size, isShared: (flags & SHARED) !== 0 });
      if (messages.length > MAX_MESSAGES) throw reader.refuse('an object has too many messages');
      at = body + size;
      if (type !== MESSAGE.continuation) continue;
      const [block, length] = [reader.uint64(body), reader.uint64(body + 8)];
      if (seen.has(block)) throw reader.refuse('a header continues in itself');
      seen.add(block);
      if (signature === undefined) waiting.push({ at: block, end: block + length });
      else {
        reader.signature(block, signature);
        waiting.push({ at: block + signature.length, end: block + length - 4 });
      }
    }
  }
  return messages;
}
