import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnalyzeRun, writeAnalyzeRun } from '../../../workflows/records/analysis_record.ts';
import { writeRun } from '../../../workflows/records/run_record.ts';
import { writeSamples } from '../../../workflows/records/samples.ts';
import { readParts } from '../../../workflows/report/read_parts.ts';
import { runMain } from '../../scripts/run_tf8.ts';
import { inFolder } from '../../support/in_folder.ts';
import { RECORD, TIMING } from '../records/support.ts';
import { analysisOf, samplesOf } from './support.ts';

const data = { dataset: 'imagenet', sha256: 'b', images: 3 };
const RUN: AnalyzeRun = {
  name: 'analyze-a-model',
  command: 'npx tf8 analyze a_model --data DIR',
  configuration: {},
  environment: RECORD.environment,
  data: { evaluation: data, calibration: data },
  kernelTier: 'wasm',
  model: 'a_model',
  weightsSha256: 'c',
  skipped: 0,
  notes: [],
};

describe('readParts', () => {
  it('reads a table: its rows, its times, the hashes of its weights', () =>
    inFolder(async (dir) => {
      await writeRun(dir, RECORD, TIMING, '');
      const { run, table, analysis, samples } = await readParts(dir);
      assert.deepEqual(table, { rows: RECORD.rows });
      assert.deepEqual([run.name, run.timing], [RECORD.name, TIMING]);
      const hash = '0'.repeat(64);
      assert.deepEqual(run.weights, { 'networks/standard-0': hash, 'networks/standard-1': hash });
      assert.deepEqual([analysis, samples], [undefined, undefined]);
    }));

  it('reads an analysis with its samples, by the name of its model', () =>
    inFolder(async (dir) => {
      const written = analysisOf(['a', 'b']);
      await writeAnalyzeRun(dir, RUN, written);
      await writeSamples(dir, samplesOf('a class'));
      const { run, table, analysis, samples } = await readParts(dir);
      assert.equal(table, undefined);
      assert.equal(analysis!.layers[1].localSqnrDb, Infinity);
      assert.deepEqual([run.name, run.weights], ['a_model', { a_model: 'c' }]);
      assert.deepEqual(samples, samplesOf('a class'));
    }));

  it('names no weights where the model tells no hash', () =>
    inFolder(async (dir) => {
      await writeAnalyzeRun(dir, { ...RUN, weightsSha256: '' }, analysisOf(['a', 'b']));
      assert.deepEqual((await readParts(dir)).run.weights, {});
    }));

  it('refuses an analysis that has not been written whole, and names what is missing', () =>
    inFolder(async (dir) => {
      await writeAnalyzeRun(dir, RUN, analysisOf(['a', 'b']));
      await rm(join(dir, 'analysis.json'));
      await assert.rejects(readParts(dir), {
        name: 'UserError',
        message: `Expected the record of a run at ${join(dir, 'analysis.json')} but there is none`,
        remedy: /`analyze\(\)` names when it has ended/,
      });
      await writeFile(join(dir, 'run.json'), '{"name": "analyze-a');
      await assert.rejects(readParts(dir), { name: 'UserError', message: /run\.json but .*JSON/ });
      await writeFile(join(dir, 'run.json'), '{"name": "train-a"}');
      await assert.rejects(readParts(dir), { name: 'UserError', message: /run\.json but \w+/ });
    }));

  it('refuses samples that are damaged', () =>
    inFolder(async (dir) => {
      await writeRun(dir, RECORD, TIMING, '');
      await writeFile(join(dir, 'samples.json'), '{}');
      await assert.rejects(readParts(dir), { name: 'UserError', message: /samples\.json/ });
    }));
});

describe('tf8 report', () => {
  it('names the page and its figures', () =>
    inFolder(async (dir) => {
      await writeRun(dir, RECORD, TIMING, '');
      const { status, stdout } = await runMain(['report', dir]);
      assert.equal(status, 0);
      assert.equal(
        stdout,
        `The report is ${join(dir, 'report.html')}\nIts figures, 1 as SVG and as PNG, are in ${join(dir, 'figures')}\n`,
      );
    }));
});
