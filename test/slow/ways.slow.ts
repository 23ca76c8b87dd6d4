import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256OfFile } from '../../foundation/hashes/sha256.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { readRun, readTiming } from '../../workflows/records/run_record.ts';
import { openTable, type ReproduceOptions } from '../../workflows/reproduce/open_table.ts';
import { makeTable } from '../../workflows/reproduce/reproduce.ts';
import { contextOf, saveTinyModel } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { recordingReporter } from '../support/recording_reporter.ts';
import { writeFewImages } from '../workflows/reproduce/support.ts';

const WAYS = [
  'standard',
  'option-1',
  'best',
  'friendly-rearchitected',
  'quantization-aware',
  'friendly-quantization-aware',
];

/** Without the report, which another test has. */
async function make(options: ReproduceOptions, context: Context) {
  return makeTable(await openTable(options, context), options);
}

describe('a table of ways to 8 bits', function () {
  this.timeout(30 * 60_000);

  let folder: string;
  let options: ReproduceOptions;
  let dir: string;
  let record: string;

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-ways-'));
    const published = join(folder, 'published');
    await saveTinyModel(published, 1001, 0.05);
    options = {
      table: 'ways',
      dataset: 'imagenet',
      preset: 'quick',
      data: await writeFewImages(folder),
      published: [published],
      changes: {
        families: ['mobilenet_v1'],
        batchSize: 2,
        calibrationImages: 2,
        rearchitectImages: 4,
      },
      runsDir: join(folder, 'runs'),
    };
    ({ dir } = await make(options, contextOf()));
    record = await readFile(join(dir, 'run.json'), 'utf8');
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  const copyRuns = async (to: string): Promise<ReproduceOptions> => {
    const runsDir = join(to, 'runs');
    await cp(options.runsDir, runsDir, { recursive: true });
    return { ...options, runsDir };
  };
  const foldersOf = async (runsDir: string, name: string) =>
    (await readdir(join(runsDir, 'networks'))).filter((one) => one.startsWith(`${name}-`));

  it('has a row a way, which says what it learns from', async () => {
    const { name, rows } = await readRun(dir);
    assert.equal(name, 'reproduce-ways-imagenet-quick');
    assert.deepEqual(
      rows.map(({ row }) => row),
      WAYS.map((way) => `mobilenet_v1/${way}`),
    );
    assert.deepEqual(
      rows.map(({ way }) => way),
      [
        { network: 'MobileNetV1', name: 'as published', trainingImages: 0 },
        { network: 'MobileNetV1', name: 'Option 1', trainingImages: 0 },
        { network: 'MobileNetV1', name: 'best without training', trainingImages: 0 },
        { network: 'MobileNetV1', name: 'friendly', trainingImages: 8 },
        { network: 'MobileNetV1', name: 'quantization-aware', trainingImages: 4 },
        { network: 'MobileNetV1', name: 'friendly and quantization-aware', trainingImages: 4 },
      ],
    );
    const table = await readFile(join(dir, 'table.md'), 'utf8');
    assert.match(
      table,
      /^\| network +\| way +\| data .*\| below float \| learnt from \| training \|/,
    );
    const { rows: timing } = await readTiming(dir);
    assert.ok(timing['mobilenet_v1/quantization-aware'].trainingSeconds! > 0);
    assert.equal(timing['mobilenet_v1/option-1'].trainingSeconds, undefined);
  });

  it('a quantization-aware row is a TF8 file, with the float accuracy of what it starts from', async () => {
    const { rows, networks } = await readRun(dir);
    const of = (way: string) => rows.find(({ row }) => row === `mobilenet_v1/${way}`)!;
    for (const [way, start] of [
      ['quantization-aware', 'standard'],
      ['friendly-quantization-aware', 'friendly-rearchitected'],
    ]) {
      const [{ record: network, weightsSha256 }] = of(way).perSeed;
      assert.equal(of(way).floatTop1Percent, of(start).floatTop1Percent);
      assert.equal(await sha256OfFile(join(options.runsDir, network, 'model.tf8')), weightsSha256);
      const files = await readdir(join(options.runsDir, network));
      assert.ok(files.includes('network.json') && !files.includes('checkpoints'), `${files}`);
      const { summary } = networks[network] as { summary: { steps: number } };
      assert.equal(summary.steps, 2);
    }
  });

  it('a second time trains and measures nothing, and gives the same record', () =>
    inFolder(async (other) => {
      const again = await copyRuns(other);
      const reporter = recordingReporter();
      const { dir: againDir } = await make(again, contextOf(reporter));
      assert.equal(await readFile(join(againDir, 'run.json'), 'utf8'), record);
      const labels = reporter.work.map(({ label }) => label);
      assert.deepEqual([labels, reporter.messages], [['Listing images'], []]);
    }));

  it('Ctrl-C in a quantization-aware training keeps what there is; the same command goes on, to the same record', () =>
    inFolder(async (other) => {
      const interrupted = await copyRuns(other);
      const [network] = await foldersOf(interrupted.runsDir, 'quantization-aware');
      await rm(join(interrupted.runsDir, 'networks', network), { recursive: true });
      const abort = new AbortController();
      const reporter = recordingReporter();
      const start: typeof reporter.start = (label, ...rest) => {
        const progress = reporter.start(label, ...rest);
        return {
          ...progress,
          update: () => label === 'training quantization-aware, seed 0' && abort.abort(),
        };
      };
      await assert.rejects(
        make(interrupted, {
          ...contextOf(),
          reporter: { ...reporter, start },
          signal: abort.signal,
        }),
        { name: 'AbortError' },
      );
      const [partial] = (await readdir(interrupted.runsDir)).filter((name) =>
        name.startsWith('reproduce'),
      );
      const table = await readFile(join(interrupted.runsDir, partial, 'table.md'), 'utf8');
      assert.match(table, /^4 of 6 rows so far/);

      const resumed = recordingReporter();
      const { dir: againDir } = await make(interrupted, contextOf(resumed));
      assert.equal(await readFile(join(againDir, 'run.json'), 'utf8'), record);
      assert.ok(resumed.messages.includes('Resuming after step 1.'), `${resumed.messages}`);
      const labels = resumed.work.map(({ label }) => label);
      assert.ok(!labels.some((label) => label.startsWith('training friendly-rearchitected')));
    }));

  it('a changed option is another network, beside those that stay the same', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(other);
      const changes = { ...copied.changes, epochs: 2, networks: ['quantization-aware' as const] };
      const table = await openTable({ ...copied, changes }, contextOf());
      const model = (await readRun(dir)).rows[0].perSeed[0].record;
      const found = table.rows.map(({ networks: [{ plan }] }) => table.networks.find(plan));
      assert.deepEqual(
        (await Promise.all(found)).map((network) => network?.record),
        [model, model, model, undefined],
      );
    }));

  it('warns of a damaged TF8 file, which is made again', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(other);
      const [name] = await foldersOf(copied.runsDir, 'quantization-aware');
      await writeFile(join(copied.runsDir, 'networks', name, 'model.tf8'), 'no network');
      const reporter = recordingReporter();
      const table = await openTable(copied, contextOf(reporter));
      const { plan } = table.rows[4].networks[0];
      assert.equal(await table.networks.find(plan), undefined);
      assert.match(reporter.messages.at(-1)!, /is damaged and made again: .*model\.tf8/);
      assert.deepEqual(await foldersOf(copied.runsDir, 'quantization-aware'), []);
    }));

  it('refuses one published model for several networks', async () => {
    const { changes: _, ...several } = options;
    await assert.rejects(openTable(several, contextOf()), {
      name: 'UserError',
      message:
        'Expected one network for `published` to stand for but the table has mobilenet_v1, mobilenet_v2, efficientnet_lite0',
      remedy: `Pass \`published: 'mobilenet_v1=${options.published![0]}'\`, or \`network\` with one of them.`,
    });
  });
});
