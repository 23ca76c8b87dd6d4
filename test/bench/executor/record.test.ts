import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { executorRecordSchema, NETWORK } from '../../../bench/executor/record.ts';
import { executorTables, layerTables } from '../../../bench/executor/tables.ts';
import { recordFiles, writeRecord } from '../../../bench/executor/write_record.ts';
import { repositoryRoot } from '../../../foundation/repository.ts';
import { inFolder } from '../../support/in_folder.ts';
import { RECORD, row } from './rows.ts';

const FILES = [
  'executor-avx2.json',
  'executor-avx2.md',
  'executor-latencies-avx2.svg',
  'executor-layers-avx2.md',
  'executor-layers-avx2.svg',
];

describe('executorTables', () => {
  it('shows latencies, ratios, who was left out and what measured them', () => {
    assert.equal(
      executorTables(RECORD),
      `${NETWORK}: milliseconds of a call (of all its images), medians of all calls. In each of 3 rounds everybody had a turn of 0.1 s.

|                 | 1 thread, batch 1 | 1 thread, batch 16 | 2 threads, batch 1 |
| --------------- | ----------------: | -----------------: | -----------------: |
| tf8 native avx2 |              4.00 |              64.00 |               2.00 |
| tf8 reference   |           3000.00 |                  – |                  – |
| LiteRT uint8    |             10.00 |                  – |                  – |

Times as fast, 1 image a call, 1 thread unless said otherwise:

|                                           | ratio |
| ----------------------------------------- | ----: |
| native, to LiteRT uint8                   |  2.50 |
| native, to ONNX Runtime u8u8 per tensor   |     – |
| native, to LiteRT int8                    |     – |
| wasm, to TensorFlow.js wasm float         |     – |
| wasm, to ONNX Runtime Web u8u8 per tensor |     – |
| native on 2 threads, to 1 thread          |  2.00 |

Left out: tf8 native avxvnni (this processor has no avxvnni).

Before, every tier gave the reference's bytes on every layer, and every peer's logits were the float network's (in 8 bits: like them), on 16 photographs. LiteRT 2.3.0; A processor (AVX2), 2 threads, Node 20.0.0, commit 0123456789, 2026-01-02.`,
    );
  });
});

describe('layerTables', () => {
  it('sets the time of each layer beside what the multiply instruction could do', () => {
    assert.equal(
      layerTables(RECORD),
      `${NETWORK}, one image, one thread.

tf8 native avx2, layer by layer: 0.30 ms; 9 M multiply-accumulates at the 90 GMAC/s that its instruction reaches in registers would be 0.10 ms.

| layer      |    ms | M MAC | GMAC/s | of peak |
| ---------- | ----: | ----: | -----: | ------: |
| Conv2d_0   | 0.250 |  9.00 |   36.0 |    40 % |
| AvgPool_1a | 0.050 |  0.00 |      – |       – |`,
    );
  });
});

describe('the record of the executor', () => {
  it('refuses ratios that are no positive numbers, and fields that it does not know', () => {
    assert.ok(executorRecordSchema.safeParse(RECORD).success);
    const zero = { ...RECORD, ratios: { ...RECORD.ratios, nativeToOrtUint8: 0 } };
    assert.ok(!executorRecordSchema.safeParse(zero).success);
    const unknown = { ...RECORD, rows: [{ ...row('a', 1), images: 1 }] };
    assert.ok(!executorRecordSchema.safeParse(unknown).success);
  });

  it('is stored as JSON, as tables and as charts with a description in words', () =>
    inFolder(async (folder) => {
      await writeRecord(folder, await recordFiles(RECORD));
      const read = (name: string) => readFile(join(folder, name), 'utf8');
      assert.deepEqual((await readdir(folder)).sort(), FILES);
      assert.deepEqual(JSON.parse(await read('executor-avx2.json')), RECORD);
      assert.equal(await read('executor-avx2.md'), `${executorTables(RECORD)}\n`);
      assert.equal(await read('executor-layers-avx2.md'), `${layerTables(RECORD)}\n`);
      assert.match(
        await read('executor-latencies-avx2.svg'),
        /<desc[^>]*>Bars, in milliseconds: tf8 native avx2 4\.0, LiteRT uint8 10\.0\.<\/desc>/,
      );
      assert.match(
        await read('executor-layers-avx2.svg'),
        /<desc[^>]*>.*the longest is 0 with 83\.3 %.*the most is 40 %, in 0\.<\/desc>/,
      );
    }));

  it('has no chart of layers where no tier tells its peak', async () => {
    const files = await recordFiles({ ...RECORD, profiles: [] });
    assert.deepEqual([...files.keys()].sort(), FILES.toSpliced(4, 1));
  });

  it('of each kind of processor that is published gives its tables and charts', async () => {
    const folder = join(repositoryRoot(), 'bench', 'results');
    const names = (await readdir(folder)).filter((name) => /^executor-.*\.json$/.test(name));
    assert.ok(names.length > 0);
    for (const published of names) {
      const text = await readFile(join(folder, published), 'utf8');
      const record = executorRecordSchema.parse(JSON.parse(text));
      const network = record.network === NETWORK ? '' : `${record.network}-`;
      assert.equal(published, `executor-${network}${record.kind}.json`);
      for (const [name, text] of await recordFiles(record)) {
        assert.equal(await readFile(join(folder, name), 'utf8'), text, name);
      }
    }
  });

  it('of another network is kept beside the first, without layers and charts', async () => {
    const files = await recordFiles({ ...RECORD, network: 'mobilenet_v2' });
    assert.deepEqual(
      [...files.keys()],
      ['executor-mobilenet_v2-avx2.json', 'executor-mobilenet_v2-avx2.md'],
    );
  });

  it('leaves those of other kinds of processors', () =>
    inFolder(async (folder) => {
      await writeRecord(folder, await recordFiles(RECORD));
      await writeRecord(folder, await recordFiles({ ...RECORD, kind: 'avx512vnni' }));
      const names = await readdir(folder);
      assert.deepEqual(
        FILES.filter((name) => !names.includes(name)),
        [],
      );
      assert.equal(names.length, 2 * FILES.length);
    }));
});
