import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '../../checkpoints/store/model_store.ts';
import { readRun } from '../../workflows/records/run_record.ts';
import type { ReproduceOptions } from '../../workflows/reproduce/open_table.ts';
import { reproduce } from '../../workflows/reproduce/reproduce.ts';
import { contextOf, saveTinyModel } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { recordingReporter } from '../support/recording_reporter.ts';
import {
  copyRuns,
  networkFolders,
  tinyTable,
  writeFewImages,
} from '../workflows/reproduce/support.ts';

describe('reproduce, what trains', () => {
  let folder: string;
  let options: ReproduceOptions;
  let dir: string;
  let record: string;

  before(async function () {
    this.timeout(1_200_000); // It trains and measures the whole table.
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-reproduce-'));
    options = tinyTable(folder, await writeFewImages(folder));
    ({ dir } = await reproduce(options, contextOf()));
    record = await readFile(join(dir, 'run.json'), 'utf8');
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  it('warns of damaged weights and trains them again, to the same record', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const [name] = await networkFolders(copied.runsDir);
      const network = join(copied.runsDir, 'networks', name);
      const shard = (await readdir(network)).find((file) => file.endsWith('.bin'))!;
      const bytes = await readFile(join(network, shard));
      bytes[1000] ^= 1;
      await writeFile(join(network, shard), bytes);
      const reporter = recordingReporter();
      const { dir: againDir } = await reproduce(copied, contextOf(reporter));
      assert.ok(reporter.messages.some((message) => /is damaged and made again/.test(message)));
      assert.equal(await readFile(join(againDir, 'run.json'), 'utf8'), record);
    }));

  it('several seeds give means and spread, and take up the seed that is there', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const changes = { ...copied.changes, networks: ['friendly' as const] };
      const { record: two } = await reproduce({ ...copied, changes, seeds: [0, 1] }, contextOf());
      const [row] = two.rows;
      assert.deepEqual(
        row.perSeed.map(({ seed }) => seed),
        [0, 1],
      );
      assert.ok(row.spread);
      const before = (await readRun(dir)).rows.find((one) => one.row === 'friendly')!;
      assert.deepEqual(row.perSeed[0], before.perSeed[0]);
    }));

  it('friendly by re-architecture starts from the standard network that is there', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const changes = {
        ...copied.changes,
        networks: ['standard' as const, 'friendly-rearchitected' as const],
        rearchitectImages: 4,
      };
      const reporter = recordingReporter();
      const { record: two } = await reproduce({ ...copied, changes }, contextOf(reporter));
      const row = two.rows.at(-1)!;
      assert.equal(row.row, 'friendly-rearchitected');
      assert.match(row.recipe, /reconstructed on 4 images, then distilled by distil at 32 × 32/);
      assert.ok(!reporter.work.some(({ label }) => label.startsWith('training standard')));
      const { model, card } = await loadModelFolder(join(copied.runsDir, row.perSeed[0].record));
      model.dispose();
      assert.equal(card!.weightsSha256, row.perSeed[0].weightsSha256);
      assert.equal((card!.architecture as { variant: string }).variant, 'friendly');
    }));

  it('warns where all checkpoints are damaged, and begins the training anew', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const name = (await networkFolders(copied.runsDir)).find((one) => one.startsWith('friendly'));
      const network = join(copied.runsDir, 'networks', name!);
      await rm(join(network, 'network.json'));
      await mkdir(join(network, 'checkpoints'));
      await writeFile(join(network, 'checkpoints', 'step-00000001.safetensors'), 'no checkpoint');
      const reporter = recordingReporter();
      const { dir: againDir } = await reproduce(copied, contextOf(reporter));
      assert.ok(
        reporter.messages.some((message) => /all 1 are damaged: the training begins/.test(message)),
      );
      assert.equal(await readFile(join(againDir, 'run.json'), 'utf8'), record);
    }));

  it('the published network needs no training: standard and Option 1 on its own data', () =>
    inFolder(async (other) => {
      const published = join(other, 'published');
      const card = await saveTinyModel(published, 1001);
      const { record: quick } = await reproduce(
        {
          ...options,
          preset: 'quick',
          published: [published],
          changes: { networks: ['standard'], calibrationImages: 2 },
          runsDir: join(other, 'runs'),
        },
        contextOf(),
      );
      assert.deepEqual(
        quick.rows.map(({ row, perSeed }) => [row, perSeed[0].weightsSha256]),
        [
          ['standard', card.weightsSha256],
          ['option-1', card.weightsSha256],
          ['best', card.weightsSha256],
        ],
      );
    }));
});
