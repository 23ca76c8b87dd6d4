import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { RearchitectError } from '../../../architectures/rearchitect/errors.ts';
import { FolderLock } from '../../../foundation/files/folder_lock.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { DivergenceError } from '../../../training/loop/divergence.ts';
import { readAnalysis } from '../../../workflows/records/analysis_record.ts';
import { readRun, readTiming } from '../../../workflows/records/run_record.ts';
import { readSamples } from '../../../workflows/records/samples.ts';
import { openTable, type ReproduceOptions } from '../../../workflows/reproduce/open_table.ts';
import { makeTable, reproduce } from '../../../workflows/reproduce/reproduce.ts';
import { contextOf } from '../../scripts/support.ts';
import { inFolder } from '../../support/in_folder.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { copyRuns, networkFolders, tinyTable, writeFewImages } from './support.ts';

// What trains more: test/slow/reproduce.slow.ts.
describe('reproduce', () => {
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

  /** Lets the drawing of the report fail, which takes longer than the rest of a table that is known. */
  const withoutReport = () => {
    const reporter = recordingReporter();
    const { start } = reporter;
    reporter.start = (label, ...rest) => {
      if (label === 'drawing the report') throw new Error('no room');
      return start(label, ...rest);
    };
    return reporter;
  };

  /** As where the networks of these names were not trained yet. */
  const forget = async (runsDir: string, table: string, networks: RegExp) => {
    await rm(join(runsDir, basename(table)), { recursive: true });
    for (const name of await networkFolders(runsDir)) {
      if (networks.test(name)) await rm(join(runsDir, 'networks', name), { recursive: true });
    }
  };

  it('paper works on a folder of a few images: half is trained on, half is measured', async () => {
    const { rows, notes, data, name } = await readRun(dir);
    assert.equal(name, 'reproduce-imagenet-paper');
    assert.deepEqual(
      rows.map(({ row, images }) => [row, images]),
      [
        ['standard', 4],
        ['option-1', 4],
        ['best', 4],
        ['friendly', 4],
      ],
    );
    assert.equal(data.imagenet.heldOut, 4);
    assert.ok(notes.some((note) => note.includes('4 of its 8 images are measured')));
    assert.ok(notes.some((note) => /^Left out of this table .*InceptionV3 \(control\)/.test(note)));
    assert.ok(notes.some((note) => note.startsWith('Width 0.05, from random weights')));
  });

  it('leaves record, table, times and report; each network’s own record is where the row says', async () => {
    const files = ['analysis.json', 'figures', 'report.html', 'run.json', 'samples.json'];
    assert.deepEqual((await readdir(dir)).sort(), [...files, 'table.md', 'timing.json']);
    const { rows, networks } = await readRun(dir);
    const folders = rows.flatMap(({ perSeed }) => perSeed.map((seed) => seed.record));
    assert.deepEqual(Object.keys(networks).sort(), [...new Set(folders)].sort());
    for (const name of new Set(folders)) {
      const files = await readdir(join(options.runsDir, name));
      assert.ok(files.includes('network.json') && files.includes('model.json'), `${files}`);
      assert.ok(!files.includes('checkpoints'), 'a finished network keeps no checkpoints');
    }
  });

  it('its report says where the network loses accuracy that loses most', async () => {
    const { rows } = await readRun(dir);
    const most = rows.reduce((a, b) => (b.lossPoints > a.lossPoints ? b : a));
    const analysis = await readAnalysis(dir);
    assert.equal(analysis.model, `${most.network} (imagenet, seed 0)`);
    assert.equal(analysis.images, 4);
    assert.equal((await readSamples(dir)).images.length, 4);
    const page = await readFile(join(dir, 'report.html'), 'utf8');
    for (const id of ['accuracy', 'diagnosis', 'sqnr', 'layers', 'images', 'run']) {
      assert.match(page, new RegExp(`<section id="${id}"`));
    }
  });

  it('Option 1 is measured on the standard network, whose training it does not count', async () => {
    const { rows } = await readRun(dir);
    assert.equal(rows[1].perSeed[0].weightsSha256, rows[0].perSeed[0].weightsSha256);
    assert.equal(rows[1].floatTop1Percent, rows[0].floatTop1Percent);
    const { rows: timing } = await readTiming(dir);
    assert.ok(timing.standard.trainingSeconds! > 0);
    assert.equal(timing['option-1'].trainingSeconds, undefined);
  });

  it('a second time trains and measures nothing, and gives the same record', () =>
    inFolder(async (other) => {
      const again = await copyRuns(options, other);
      const reporter = recordingReporter();
      const { dir: againDir } = await reproduce(again, contextOf(reporter));
      assert.equal(await readFile(join(againDir, 'run.json'), 'utf8'), record);
      const labels = reporter.work.map(({ label }) => label);
      assert.deepEqual([labels, reporter.messages], [['Listing images', 'drawing the report'], []]);
    }));

  it('keeps the table where the report cannot be written, and says why', () =>
    inFolder(async (other) => {
      const reporter = withoutReport();
      const result = await reproduce(await copyRuns(options, other), contextOf(reporter));
      assert.deepEqual(reporter.messages, ['the report could not be written: no room']);
      assert.equal('report' in result, false);
      assert.equal(await readFile(join(result.dir, 'run.json'), 'utf8'), record);
    }));

  it('writes the report where the analysis fails, and says why', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const measurements = join(copied.runsDir, 'measurements');
      for (const name of await readdir(measurements)) {
        if (name.startsWith('analysis-')) await rm(join(measurements, name));
      }
      const reporter = recordingReporter();
      const { start } = reporter;
      reporter.start = (label, ...rest) => {
        if (label.endsWith('layer by layer')) throw new Error('no room');
        return start(label, ...rest);
      };
      const { report } = await reproduce(copied, contextOf(reporter));
      assert.equal(reporter.messages.at(-1), 'the report has no analysis: no room');
      assert.match(await readFile(report!, 'utf8'), /this run looked at no layers/);
    }));

  it('another table takes up the networks that it shares, and measures what is new', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const changes = {
        ...copied.changes,
        networks: ['standard' as const],
        calibrationImages: 3,
      };
      const reporter = withoutReport();
      const { dir: otherDir } = await reproduce({ ...copied, changes }, contextOf(reporter));
      assert.notEqual(basename(otherDir), basename(dir));
      const measured = reporter.work.map(({ label }) => label).filter((label) => /TF8/.test(label));
      assert.equal(measured.length, 3); // standard, Option 1 and best; none in float
      assert.deepEqual(
        reporter.work.map(({ label }) => label).filter((label) => /^training|float/.test(label)),
        [],
      );
    }));

  it('Ctrl-C in a training keeps what there is; the same command goes on, to the same record', () =>
    inFolder(async (other) => {
      const interrupted = await copyRuns(options, other);
      await forget(interrupted.runsDir, dir, /^friendly/);
      const abort = new AbortController();
      const reporter = recordingReporter();
      const start: typeof reporter.start = (label, ...rest) => {
        const progress = reporter.start(label, ...rest);
        return {
          ...progress,
          update: () => label.startsWith('training friendly') && abort.abort(),
        };
      };
      await assert.rejects(
        reproduce(interrupted, {
          ...contextOf(),
          reporter: { ...reporter, start },
          signal: abort.signal,
        }),
        { name: 'AbortError' },
      );
      assert.deepEqual(reporter.messages.at(-1), keptMessage(interrupted.runsDir));
      const [partial] = (await readdir(interrupted.runsDir)).filter((name) =>
        name.startsWith('reproduce'),
      );
      const table = await readFile(join(interrupted.runsDir, partial, 'table.md'), 'utf8');
      assert.match(table, /^3 of 4 rows so far/);

      const resumed = withoutReport();
      const { dir: againDir } = await reproduce(interrupted, contextOf(resumed));
      assert.equal(await readFile(join(againDir, 'run.json'), 'utf8'), record);
      assert.ok(resumed.messages.includes('Resuming after step 1.'));
      assert.ok(!resumed.work.some(({ label }) => label.startsWith('training standard')));
    }));

  const keptMessage = (runsDir: string) =>
    `What is trained and measured so far is kept in ${runsDir}: the same command goes on from there.`;

  it('a training that diverges leaves its seed out, with a note', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const table = await openTable(copied, contextOf());
      const provide: typeof table.networks.provide = (plan) => {
        if (plan.kind !== 'trained' || plan.name !== 'friendly')
          return table.networks.provide(plan);
        throw new DivergenceError('the loss is NaN at step 1 of 2', 0.045);
      };
      const networks = { ...table.networks, find: table.networks.find, provide };
      const { record: diverged } = await makeTable({ ...table, networks }, copied);
      assert.deepEqual(
        diverged.rows.map(({ row }) => row),
        ['standard', 'option-1', 'best'],
      );
      assert.equal(
        diverged.notes.at(-1),
        'friendly, seed 0, is left out: Training diverged: the loss is NaN at step 1 of 2, at learning rate 0.045.',
      );
    }));

  it('a network that cannot be rebuilt is left out, with a note', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const table = await openTable(copied, contextOf());
      const networks: typeof table.networks = {
        find: () => assert.fail('nothing is estimated'),
        provide: () => Promise.reject(new RearchitectError('Expected finite features')),
      };
      const { record: none } = await makeTable({ ...table, networks }, copied);
      assert.deepEqual(none.rows, []);
      assert.equal(none.notes.at(-1), 'friendly, seed 0, is left out: Expected finite features.');
    }));

  it('a row tells the training of every seed, also where an earlier row tells of a later one', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const table = await openTable(copied, contextOf());
      const [standard, option1] = table.rows;
      const later = { seed: 1, plan: { ...standard.networks[0].plan } };
      const both = [...standard.networks, later];
      const seconds = { float: 1, tf8: 2 };
      const figures = { top1: 50, images: 4, skipped: 0 };
      const tf8 = { ...figures, tier: 'wasm' as const, overlap: false, calibrationImages: 4 };
      const rows = [
        { ...standard, networks: [later] },
        { ...option1, networks: both },
      ];
      const measurements: typeof table.measurements = {
        find: () => assert.fail('nothing is estimated'),
        measure: async () => ({ float: figures, tf8, seconds }),
      };
      const { dir: twoDir } = await makeTable({ ...table, rows, measurements }, copied);
      const { rows: timing } = await readTiming(twoDir);
      assert.ok(timing['option-1'].trainingSeconds! > 0);
      assert.equal(timing['option-1'].measuringSeconds, 1 + 2 + 2);
    }));

  it('a network that TF8 cannot hold is left out, with a note', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const table = await openTable(copied, contextOf());
      const measurements: typeof table.measurements = {
        find: () => assert.fail('nothing is estimated'),
        measure: () => Promise.reject(new QuantizationError('a bias does not fit int32')),
      };
      const { record: none } = await makeTable({ ...table, measurements }, copied);
      assert.deepEqual(none.rows, []);
      assert.equal(none.notes.at(-1), 'friendly, seed 0, is left out: a bias does not fit int32.');
    }));

  it('a network that another process makes is refused, naming the process', () =>
    inFolder(async (other) => {
      const copied = await copyRuns(options, other);
      const name = (await networkFolders(copied.runsDir)).find((one) => one.startsWith('friendly'));
      const network = join(copied.runsDir, 'networks', name!);
      await rm(join(network, 'network.json'));
      const lock = await FolderLock.acquire(join(network, 'lock'));
      try {
        await assert.rejects(reproduce(copied, contextOf()), {
          name: 'UserError',
          message: `Expected ${network} for this process alone but process ${process.pid} trains into it`,
        });
      } finally {
        await lock.release();
      }
    }));

  it('refuses a --runs-dir that is a file before it opens any data', () =>
    inFolder(async (other) => {
      const runsDir = join(other, 'file');
      await writeFile(runsDir, '');
      await assert.rejects(
        reproduce({ ...options, data: 'no such folder', runsDir }, contextOf()),
        {
          name: 'UserError',
          message: `Expected a folder at ${runsDir} but a file is in its place.`,
        },
      );
    }));

  it('refuses --imagenet beside the table of imagenet', async () => {
    await assert.rejects(reproduce({ ...options, imagenet: 'folder' }, contextOf()), {
      name: 'UserError',
      message: 'Expected `imagenet` beside another data set but the table is of imagenet',
      remedy: 'Pass the folder as `data` alone.',
    });
  });

  it('names --data where imagenet has no folder', async () => {
    await assert.rejects(reproduce({ ...options, data: undefined }, contextOf()), {
      name: 'UserError',
      remedy: /^Pass one as `data: DIR`\./,
    });
  });
});
