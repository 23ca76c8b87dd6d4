import type { UserError } from '../../foundation/errors.ts';
import { maskedCrc32c } from '../../foundation/hashes/crc32c.ts';

const LENGTH_BYTES = 8;

/** Before the payload: its length as uint64, and the length's masked CRC-32C. All little-endian. */
export const HEADER_BYTES = LENGTH_BYTES + 4;

/** After the payload: its masked CRC-32C. */
export const FOOTER_BYTES = 4;

/** Header and footer. */
export const FRAME_BYTES = HEADER_BYTES + FOOTER_BYTES;

/**
 * Longest payload that is read. An image of decode_image's MAX_PIXELS has 300 MB before it is
 * compressed; a file that announces more than this must not exhaust the memory.
 */
const MAX_RECORD_BYTES = 2 ** 28;

/** What is wrong with a record, to be read as "expected <expected> but received <received>". */
export interface Fault {
  readonly expected: string;
  readonly received: string;
  /** Without one, the file is damaged and has to be got again. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Makes the error of a fault; it knows the file and the record. */
export type Broken = (fault: Fault) => UserError;

/**
 * Checks a record's header [HEADER_BYTES] and returns the length of its payload.
 *
 * @param rest bytes of the file from the header's first one on
 * @throws what `broken` makes where the length has a wrong CRC, or exceeds the rest of the file or
 *   MAX_RECORD_BYTES
 */
export function readHeader(header: Uint8Array, rest: number, broken: Broken): number {
  const view = viewOf(header);
  checkCrc('length', header.subarray(0, LENGTH_BYTES), view.getUint32(LENGTH_BYTES, true), broken);
  const length = view.getBigUint64(0, true);
  if (length > rest - FRAME_BYTES) {
    throw broken({
      expected: `${length} bytes of payload and ${FOOTER_BYTES} of checksum`,
      received: `the end of the file after ${rest - HEADER_BYTES}`,
    });
  }
  if (length > MAX_RECORD_BYTES) {
    throw broken({
      expected: `a payload of at most ${MAX_RECORD_BYTES} bytes`,
      received: `${length}`,
      remedy: 'Write one image a record.',
    });
  }
  return Number(length);
}

/** Checks a payload against its footer. Throws what `broken` makes where the CRC is another. */
export function checkPayload(payload: Uint8Array, footer: Uint8Array, broken: Broken): void {
  checkCrc('payload', payload, viewOf(footer).getUint32(0, true), broken);
}

/**
 * The payload, a view, of a whole record (header, payload, footer) that was found with `length` bytes
 * before. Throws what `broken` makes where it has another length or a wrong CRC now.
 */
export function readFrame(frame: Uint8Array, length: number, broken: Broken): Uint8Array {
  const found = readHeader(frame, frame.length, broken);
  if (found !== length) {
    throw broken({ expected: `a payload of ${length} bytes, as indexed`, received: `${found}` });
  }
  const end = HEADER_BYTES + length;
  const payload = frame.subarray(HEADER_BYTES, end);
  checkPayload(payload, frame.subarray(end), broken);
  return payload;
}

function checkCrc(what: string, bytes: Uint8Array, stored: number, broken: Broken): void {
  const crc = maskedCrc32c(bytes);
  if (crc === stored) return;
  throw broken({
    expected: `a ${what} of masked CRC-32C ${hex(stored)}`,
    received: `one of ${hex(crc)}`,
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
