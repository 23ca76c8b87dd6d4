import assert from 'node:assert/strict';
import { partialReport, runReport } from '../../../workflows/records/run_report.ts';
import { RECORD, TIMING } from './support.ts';

const ROWS_TABLE = [
  '| network  | recipe                                                          | record                                   | training | measuring |',
  '| -------- | --------------------------------------------------------------- | ---------------------------------------- | -------: | --------: |',
  '| standard | published weights, finetune at 96 × 96, 2 epochs × 10000 images | networks/standard-0, networks/standard-1 |     2:05 |      1:01 |',
].join('\n');

describe('runReport', () => {
  it('is the accuracy table, how its rows were made, the notes and the command', () => {
    const parts = runReport(RECORD, TIMING).split('\n\n');
    assert.equal(parts.length, 5);
    assert.match(parts[0], /^\| network .*\n.*\n\| standard /);
    assert.match(parts[1], /^Top-1 in percent/);
    assert.equal(parts[2], ROWS_TABLE);
    assert.equal(parts[3], '- InceptionV3 is left out.');
    assert.equal(
      parts[4],
      '`npx tf8 reproduce --dataset cifar10 --preset standard`: wasm kernels, a processor, 2 threads, tensorflow 2.15.1, commit 0123456789.',
    );
  });

  it('dashes the training time of a network that was not trained here', () => {
    const report = runReport(RECORD, { seconds: 1, rows: { standard: { measuringSeconds: 61 } } });
    assert.match(report, /\| +– \| +1:01 \|/);
  });
});

describe('partialReport', () => {
  it('says how many rows are there, and that the same command goes on', () => {
    const report = partialReport(RECORD.rows, TIMING.rows, 7);
    assert.match(report, /^1 of 7 rows so far: the same command goes on from here\.\n\n\| network/);
    assert.ok(report.endsWith(ROWS_TABLE));
  });
});
