import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type RunRecord,
  readRun,
  runId,
  startRun,
  writeRun,
} from '../../../scripts/records/run_record.ts';
import { inFolder } from '../../support/in_folder.ts';

const RECORD: RunRecord = {
  command: 'reproduce',
  configuration: { seed: 0 },
  environment: {
    tf8: '0.1.0',
    commit: 'unknown',
    node: '20.19.0',
    backend: 'tensorflow 2.15.1',
    processor: 'a processor',
    threads: 2,
  },
  data: { imagenet: 'a' },
  weights: { standard: 'b' },
  kernelTier: 'wasm',
  rows: [],
  training: {},
  notes: [],
};

describe('run records', () => {
  it('equal configurations share an id, another value or another command has another', () => {
    const id = runId('reproduce', { seed: 0, epochs: 2 });
    assert.match(id, /^reproduce-[0-9a-f]{8}$/);
    assert.equal(runId('reproduce', { seed: 0, epochs: 2 }), id);
    assert.notEqual(runId('reproduce', { seed: 1, epochs: 2 }), id);
    assert.notEqual(runId('train', { seed: 0, epochs: 2 }), id);
  });

  it('an option that is left out and one that is undefined give the same id', () => {
    assert.equal(
      runId('reproduce', { imagenet: undefined, seed: 0 }),
      runId('reproduce', { seed: 0 }),
    );
  });

  it('are three files, without temporary ones, and replace those of an earlier run', async () => {
    await inFolder(async (folder) => {
      const dir = join(folder, 'runs', 'a');
      await writeRun(dir, RECORD, { seconds: 1 }, 'old');
      await writeRun(dir, { ...RECORD, notes: ['later'] }, { seconds: 2 }, '| table |');
      assert.deepEqual((await readdir(dir)).sort(), ['run.json', 'table.md', 'timing.json']);
      const text = (name: string) => readFile(join(dir, name), 'utf8');
      assert.deepEqual(JSON.parse(await text('run.json')), { ...RECORD, notes: ['later'] });
      assert.deepEqual(JSON.parse(await text('timing.json')), { seconds: 2 });
      assert.equal(await text('table.md'), '| table |\n');
    });
  });

  it('are gone when a run of the same configuration starts; other files stay', async () => {
    await inFolder(async (folder) => {
      await writeRun(folder, RECORD, { seconds: 1 }, 'old');
      await mkdir(join(folder, 'standard'));
      await startRun(folder);
      assert.deepEqual(await readdir(folder), ['standard']);
    });
  });

  it('are refused a folder that is a file, before the run', async () => {
    await inFolder(async (folder) => {
      const dir = join(folder, 'file');
      await writeFile(dir, '');
      await assert.rejects(startRun(join(dir, 'run')), {
        name: 'UserError',
        message: `Expected a folder at ${join(dir, 'run')} but a file is in its place.`,
      });
    });
  });

  it('are read back; where there is none, or a damaged one, the message says where', async () => {
    await inFolder(async (folder) => {
      await assert.rejects(readRun(folder), {
        name: 'UserError',
        message: `Expected the record of a run at ${join(folder, 'run.json')} but there is none`,
        remedy: 'Give the folder that "tf8 reproduce" names when it has ended.',
      });
      await writeRun(folder, RECORD, {}, '');
      assert.deepEqual(await readRun(folder), RECORD);
      await writeFile(join(folder, 'run.json'), '{');
      await assert.rejects(readRun(folder), { name: 'UserError', message: /run\.json but .*JSON/ });
    });
  });

  it('hold nothing of the clock: the same run gives the same bytes', async () => {
    await inFolder(async (folder) => {
      const bytes = [];
      for (const seconds of [1, 2]) {
        await writeRun(folder, RECORD, { seconds }, '');
        bytes.push(await readFile(join(folder, 'run.json'), 'utf8'));
      }
      assert.equal(bytes[1], bytes[0]);
    });
  });
});
