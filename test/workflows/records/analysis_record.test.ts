import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { worded } from '../../../workflows/analyze/worded.ts';
import {
  type AnalyzeRun,
  readAnalyzeRun,
  recorded,
  type WordedAnalysis,
  writeAnalyzeRun,
} from '../../../workflows/records/analysis_record.ts';
import { analyze, changed, convert, healthyGraph } from '../../quantize/analyze/support.ts';
import { inFolder } from '../../support/in_folder.ts';

const RUN: AnalyzeRun = {
  name: 'analyze-healthy',
  command: 'npx tf8 analyze healthy',
  configuration: { model: 'healthy' },
  environment: {
    tf8: '0.0.0',
    commit: 'unknown',
    node: '20.0.0',
    backend: 'none',
    processor: 'made up',
    threads: 1,
  },
  data: {
    evaluation: { dataset: 'synthetic', sha256: '0'.repeat(64), images: 6 },
    calibration: { dataset: 'synthetic', sha256: '0'.repeat(64), images: 6 },
  },
  kernelTier: 'reference',
  model: 'healthy',
  weightsSha256: '',
  skipped: 0,
  notes: [],
};

/** With every optional part: folded batch norms, a ReLU6, a finding, accuracies. */
function fullAnalysis(): WordedAnalysis {
  const relu6 = changed(healthyGraph(), 'depthwise', () => ({ activation: 'relu6' }));
  const batchNorm = {
    alpha: new Float64Array(8).fill(0.25),
    variance: new Float32Array(8).fill(1),
    deadChannels: [2],
  };
  const graph = { ...relu6, batchNorms: new Map([['depthwise', batchNorm]]) };
  const model = convert(graph, (name, { min, max }) => ({
    min,
    max: name === 'conv' ? max / 3 : max,
  }));
  const accuracy = { top1: 50, top5: 75 };
  return {
    ...worded(analyze(graph, model), { model: 'MODEL' }, {}),
    accuracy: {
      images: 4,
      float: accuracy,
      tf8: accuracy,
      onlyWeights: accuracy,
      onlyActivations: accuracy,
      layers: [{ layer: 'conv', onlyThis: accuracy, allButThis: accuracy }],
    },
  };
}

describe('records of analyses', () => {
  it('are read back as they were, to seven digits, lossless tensors included', async () => {
    const analysis = fullAnalysis();
    assert.ok(analysis.diagnosis.length > 0);
    await inFolder(async (folder) => {
      await writeAnalyzeRun(folder, RUN, analysis);
      const read = await readAnalyzeRun(folder);
      assert.deepEqual(read.run, RUN);
      assert.equal(read.analysis.layers[0].causes.relu6Clipping, Infinity);
      assert.deepEqual(recorded(read.analysis), recorded(analysis));
      const { localSqnrDb } = read.analysis.layers[0];
      assert.ok(Math.abs(localSqnrDb - analysis.layers[0].localSqnrDb) < 1e-4);
      assert.deepEqual((await readdir(folder)).sort(), ['analysis.json', 'run.json']);
    });
  });

  it('say "lossless" and "noSignal", for JSON has no infinite numbers', () => {
    assert.deepEqual(recorded({ a: [Infinity, -Infinity, 1 / 3, 2 ** 31], b: 'text', c: null }), {
      a: ['lossless', 'noSignal', 0.3333333, 2 ** 31],
      b: 'text',
      c: null,
    });
  });

  it('are refused where they are damaged, naming the file and the field', async () => {
    await inFolder(async (folder) => {
      await writeAnalyzeRun(folder, RUN, fullAnalysis());
      const path = join(folder, 'analysis.json');
      const damaged = JSON.parse(await readFile(path, 'utf8'));
      damaged.layers[1].causes.saturation = 'nothing';
      await writeFile(path, JSON.stringify(damaged));
      await assert.rejects(readAnalyzeRun(folder), /analysis\.json but .*saturation/);
    });
  });
});
