import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type TrainingRecord,
  type TrainingRow,
  trainingTable,
  writeRecord,
} from '../../bench/training/record.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { inFolder } from '../support/in_folder.ts';

const small: TrainingRow = {
  width: 0.25,
  resolution: 32,
  batch: 64,
  classes: 10,
  compiled: 1000.4,
  eager: 200,
  keras: 900,
  kerasBest: 950,
  ratio: 1.112,
  ratioBest: 1.053,
  kerasFit: 800,
  oneDnn: { compiled: { on: false, reason: 'trial' }, keras: false, kerasBest: true },
  loop: 950,
  loopShare: 0.95,
  waitShare: 0.013,
  range: { compiled: [900, 1100] },
  lossDifference: 1e-6,
};
const large: TrainingRow = {
  width: 1,
  resolution: 224,
  batch: 16,
  classes: 1001,
  compiled: 30.52,
  eager: 12,
  keras: 31,
  ratio: 0.985,
  kerasFit: 30,
  range: {},
  lossDifference: 2e-6,
};
const record: TrainingRecord = {
  date: '2026-01-02',
  kind: 'avx2',
  environment: {
    tf8: '0.1.0',
    commit: '0123456789abcdef',
    node: '20.0.0',
    backend: 'tensorflow 2.15.1',
    processor: 'A processor',
    threads: 2,
  },
  peer: { tensorflow: '2.15.1', keras: '2.15.0' },
  threads: 2,
  rounds: 7,
  secondsPerRound: 3,
  rows: [small, large],
};

describe('trainingTable', () => {
  it('shows a row for each shape, the loop where it was measured, and what measured them', () => {
    assert.equal(
      trainingTable(record),
      `| width, resolution, batch | compiled | Keras step | ratio | Keras' best | ratio | Keras fit | eager | oneDNN: ours | Keras | Keras' best |
| ------------------------ | -------: | ---------: | ----: | ----------: | ----: | --------: | ----: | -----------: | ----: | ----------: |
| 0.25, 32 × 32, 64        |     1000 |        900 |  1.11 |         950 |  1.05 |       800 |   200 |          off |   off |          on |
| 1, 224 × 224, 16         |     30.5 |       31.0 |  0.98 |           – |     – |      30.0 |  12.0 |            – |     – |           – |

Whole loop (input, step, metrics, checkpoints) at 0.25, 32 × 32: 950 images/s, 95.0 % of the bare step's rate; 1.3 % of its time it waits for input.
Images per second, medians of 7 rounds of 3 s; eager is our step operation by operation, with libtensorflow's fused batch norms; Keras is as it comes, its best with oneDNN or without. A processor (AVX2), 2 threads, tensorflow 2.15.1 and Keras 2.15.0 on TensorFlow 2.15.1, Node 20.0.0, commit 0123456789, 2026-01-02.`,
    );
  });
});

describe('the records of training', () => {
  it('that are published give their tables, each of its own kind of processor', async () => {
    const folder = join(repositoryRoot(), 'bench', 'results');
    const names = (await readdir(folder)).filter((name) => /^training-.*\.json$/.test(name));
    assert.ok(names.length > 0);
    for (const name of names) {
      const published: TrainingRecord = JSON.parse(await readFile(join(folder, name), 'utf8'));
      assert.equal(name, `training-${published.kind}.json`);
      const table = await readFile(join(folder, name.replace('.json', '.md')), 'utf8');
      assert.equal(table, `${trainingTable(published)}\n`);
    }
  });
});

describe('writeRecord', () => {
  it('stores the figures as JSON and the table as Markdown', () =>
    inFolder(async (folder) => {
      await writeRecord(folder, record);
      const read = async (name: string) => readFile(join(folder, name), 'utf8');
      assert.deepEqual(JSON.parse(await read('training-avx2.json')), record);
      assert.equal(await read('training-avx2.md'), `${trainingTable(record)}\n`);
    }));
});
