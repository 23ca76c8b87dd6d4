import assert from 'node:assert/strict';
import { AS_PUBLISHED } from '../../../quantize/convert/recipe.ts';
import { showAnalysis } from '../../../scripts/show/analysis.ts';
import type { AnalyzeResult } from '../../../workflows/analyze/finish_analysis.ts';
import { worded } from '../../../workflows/analyze/worded.ts';
import type { WordedFinding } from '../../../workflows/records/analysis_record.ts';
import { analyze, healthyGraph } from '../../quantize/analyze/support.ts';

const ANALYSIS = worded(analyze(healthyGraph()), { model: 'MODEL' }, {});

function show(changes: Partial<AnalyzeResult> = {}): string {
  return showAnalysis({
    ...ANALYSIS,
    run: 'runs/analyze-x',
    dataset: 'cifar10',
    skipped: 0,
    kernelTier: 'native',
    zeroVariance: 'keep',
    recipe: AS_PUBLISHED,
    calibrationImages: 200,
    toJSON: () => ({}),
    ...changes,
  });
}

const finding = (cause: WordedFinding['cause'], layer: string): WordedFinding => ({
  layer,
  cause,
  cost: { layer: 1, cause: 1 },
  evidence: {},
  explanation: `${'many words '.repeat(20)}of ${layer}.`,
  remedy: `What helps against ${cause}.`,
});

describe('showAnalysis', () => {
  it("fits on 80 columns with MobileNet's names", () => {
    const [, , pointwise] = ANALYSIS.layers;
    const layers = [...ANALYSIS.layers, { ...pointwise, name: 'Conv2d_13_depthwise' }];
    const diagnosis = [finding('weightRange', 'Conv2d_13_depthwise')];
    for (const text of [show({ layers }), show({ layers, diagnosis })]) {
      for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
    }
  });

  it('says of a healthy network what it keeps, and which layer costs most', () => {
    const text = show().replaceAll(/\s+/g, ' ');
    const { cumulativeSqnrDb } = ANALYSIS.layers.at(-1)!;
    assert.ok(text.includes(`healthy; no layer costs the logits much.`));
    assert.ok(text.includes(`In TF8 they keep ${cumulativeSqnrDb.toFixed(1)} dB`), text);
    assert.match(text, /the costliest layer, \w+, would leave them [\d.]+ dB by itself\./);
  });

  it('begins with the verdict', () => {
    const [first, second] = show({ verdict: 'TF8 loses all of it' }).split('\n');
    assert.equal(first, 'TF8 loses all of it');
    assert.match(second, / on \d+ images of cifar10$/);
  });

  it('prints whole commands, on lines that a shell takes as one', () => {
    const commands = [
      `tf8 quantize ${'model_'.repeat(6)} --calibration-data '${'my photos '.repeat(5)}' --out x`,
    ];
    const text = show({ diagnosis: [{ ...finding('saturation', 'conv'), commands }] });
    const lines = text.split('\n');
    const start = lines.findIndex((line) => line.startsWith('    tf8 quantize'));
    assert.ok(lines[start].endsWith(' \\'));
    const pasted = lines.slice(start, start + 3).join('\n');
    assert.equal(pasted.replaceAll(/ \\\n +/g, ' ').trim(), commands[0]);
  });

  it('shows what ReLU6 clips apart from what TF8 loses', () => {
    const evidence = { clippedEnergyShare: 0.14, clippedShare: 0.039, linearMax: 31.5 };
    const diagnosis = [{ ...finding('relu6Clipping', 'conv'), evidence }];
    const text = show({ diagnosis });
    const [losses, apart] = text.split('Apart from TF8:');
    assert.match(losses, /Diagnosis: healthy/);
    assert.doesNotMatch(losses, /ReLU6/);
    assert.match(apart, /\| conv +\| +3\.9 \| +31\.5 \| +14\.0 \|/);
  });

  it('gives the remedy once for the findings of a cause', () => {
    const diagnosis = [
      finding('weightRange', 'conv'),
      finding('weightRange', 'pointwise'),
      finding('saturation', 'conv'),
    ];
    const text = show({ diagnosis });
    assert.equal(text.split('What to do:').length - 1, 2);
    assert.ok(text.indexOf('of pointwise.') < text.indexOf('What helps against weightRange.'));
  });

  it('says that nothing is lost, and what has no signal', () => {
    const [conv, ...others] = ANALYSIS.layers;
    const layer = { ...conv, localSqnrDb: Infinity, cumulativeSqnrDb: -Infinity };
    assert.match(show({ layers: [layer, ...others] }), /\| conv +\| +– \| no signal \|/);
  });
});
