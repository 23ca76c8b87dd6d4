import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  readRun,
  readTiming,
  runId,
  startRun,
  writePartialTable,
  writeRun,
} from '../../../workflows/records/run_record.ts';
import { inFolder } from '../../support/in_folder.ts';
import { RECORD, TIMING } from './support.ts';

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
      await writeRun(dir, RECORD, { ...TIMING, seconds: 1 }, 'old');
      await writeRun(dir, { ...RECORD, notes: ['later'] }, TIMING, '| table |');
      assert.deepEqual((await readdir(dir)).sort(), ['run.json', 'table.md', 'timing.json']);
      const text = (name: string) => readFile(join(dir, name), 'utf8');
      assert.deepEqual(JSON.parse(await text('run.json')), { ...RECORD, notes: ['later'] });
      assert.deepEqual(JSON.parse(await text('timing.json')), TIMING);
      assert.equal(await text('table.md'), '| table |\n');
    });
  });

  it('are gone when a run of the same configuration starts; other files stay', async () => {
    await inFolder(async (folder) => {
      await writeRun(folder, RECORD, TIMING, 'old');
      await mkdir(join(folder, 'standard'));
      await startRun(folder);
      assert.deepEqual(await readdir(folder), ['standard']);
    });
  });

  it('a run that goes on has its table alone', async () => {
    await inFolder(async (folder) => {
      await writePartialTable(folder, '| table |');
      assert.deepEqual(await readdir(folder), ['table.md']);
      assert.equal(await readFile(join(folder, 'table.md'), 'utf8'), '| table |\n');
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
        remedy:
          'Give the folder that `reproduce()` or `analyze()` names when it has ended; repeat the run where its record is damaged.',
      });
      await writeRun(folder, RECORD, TIMING, '');
      assert.deepEqual(await readRun(folder), RECORD);
      assert.deepEqual(await readTiming(folder), TIMING);
      await writeFile(join(folder, 'run.json'), '{');
      await assert.rejects(readRun(folder), { name: 'UserError', message: /run\.json but .*JSON/ });
      await writeFile(join(folder, 'run.json'), JSON.stringify({ ...RECORD, kernelTier: 1 }));
      await assert.rejects(readRun(folder), {
        name: 'UserError',
        message: /run\.json but kernelTier: /,
      });
    });
  });

  it('hold nothing of the clock: the same run gives the same bytes', async () => {
    await inFolder(async (folder) => {
      const bytes = [];
      for (const seconds of [1, 2]) {
        await writeRun(folder, RECORD, { ...TIMING, seconds }, '');
        bytes.push(await readFile(join(folder, 'run.json'), 'utf8'));
      }
      assert.equal(bytes[1], bytes[0]);
    });
  });
});
