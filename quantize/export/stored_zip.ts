/**
 * A ZIP archive of stored (uncompressed) entries, as TFLite's associated files and NumPy's npz are.
 * Written here because the offsets must count from the beginning of the file that the archive is
 * appended to, and because the same entries must give the same bytes: every entry is dated 1980-01-01.
 * Layout: PKWARE APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (directory) and 4.3.16 (end).
 */
import { crc32 } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const VERSION = 20;
const UTF8_NAME = 1 << 11;
/** 1980-01-01 in MS-DOS form: year 0, month 1, day 1. */
const DATE = (1 << 5) | 1;

/**
 * `before` followed by an archive of `entries`; less than 4 GiB in all.
 * @returns a new array
 */
export function appendZip(before: Uint8Array, entries: readonly ZipEntry[]): Uint8Array {
  const parts: Uint8Array[] = [before];
  const directory: Uint8Array[] = [];
  let offset = before.length;
  for (const { name, bytes } of entries) {
    const encoded = new TextEncoder().encode(name);
    // Fields that the local header and the directory share: version to the extra field's length.
    const shared = (record: DataView, at: number) => {
      record.setUint16(at, VERSION, true);
      record.setUint16(at + 2, UTF8_NAME, true);
      record.setUint16(at + 8, DATE, true);
      record.setUint32(at + 10, crc32(bytes), true);
      record.setUint32(at + 14, bytes.length, true);
      record.setUint32(at + 18, bytes.length, true);
      record.setUint16(at + 22, encoded.length, true);
    };
    const local = record(30, LOCAL_HEADER, (view) => shared(view, 4));
    const start = offset;
    const entry = record(46, DIRECTORY_ENTRY, (view) => {
      view.setUint16(4, VERSION, true);
      shared(view, 6);
      view.setUint32(42, start, true);
    });
    parts.push(local, encoded, bytes);
    directory.push(entry, encoded);
    offset += local.length + encoded.length + bytes.length;
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0);
  const end = record(22, END_OF_DIRECTORY, (view) => {
    view.setUint16(8, entries.length, true);
    view.setUint16(10, entries.length, true);
    view.setUint32(12, directoryBytes, true);
    view.setUint32(16, offset, true);
  });
  return joined([...parts, ...directory, end]);
}

function record(bytes: number, signature: number, fill: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint32(0, signature, true);
  fill(view);
  return new Uint8Array(view.buffer);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
