import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { fromBufferPromise } from 'yauzl';
import { appendZip } from '../../../quantize/export/stored_zip.ts';

const text = (content: string) => new TextEncoder().encode(content);
const ENTRIES = [
  { name: 'labels.txt', bytes: text('123456789') },
  { name: 'größe.bin', bytes: Uint8Array.of(0, 255) },
  { name: 'empty', bytes: new Uint8Array(0) },
];

async function entriesOf(archive: Uint8Array) {
  const zip = await fromBufferPromise(Buffer.from(archive), { lazyEntries: true });
  const entries = [];
  for await (const entry of zip.eachEntry()) {
    const content = await buffer(await zip.openReadStreamPromise(entry));
    entries.push({ name: entry.fileName, content: [...content], entry });
  }
  return entries;
}

describe('appendZip', () => {
  it('appends an archive that yauzl reads, with offsets from the beginning of the file', async () => {
    const before = text('a FlatBuffer');
    const file = appendZip(before, ENTRIES);
    assert.deepEqual(file.subarray(0, before.length), before);
    const entries = await entriesOf(file);
    assert.deepEqual(
      entries.map(({ name, content }) => ({ name, content })),
      ENTRIES.map(({ name, bytes }) => ({ name, content: [...bytes] })),
    );
    assert.equal(entries[0].entry.relativeOffsetOfLocalHeader, before.length);
  });

  it('stores the CRC-32 of the contents, uncompressed', async () => {
    const [entry] = await entriesOf(appendZip(new Uint8Array(0), ENTRIES));
    // The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
    assert.equal(entry.entry.crc32, 0xcbf43926);
    assert.equal(entry.entry.compressionMethod, 0);
  });

  it('gives the same bytes for the same entries, whenever it is called', async () => {
    const [entry] = await entriesOf(appendZip(new Uint8Array(0), ENTRIES));
    const date = entry.entry.getLastModDate();
    assert.deepEqual([date.getFullYear(), date.getMonth(), date.getDate()], [1980, 0, 1]);
  });
});
