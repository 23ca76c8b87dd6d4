import assert from 'node:assert/strict';
import { showAnalysis } from '../../../scripts/show/analysis.ts';
import type { AnalyzeResult } from '../../../workflows/analyze/analyze.ts';
import { worded } from '../../../workflows/analyze/remedy_words.ts';
import type { WordedFinding } from '../../../workflows/records/analysis_record.ts';
import { analyze, healthyGraph } from '../../quantize/analyze/support.ts';

const ANALYSIS = worded(analyze(healthyGraph()), {});

function show(changes: Partial<AnalyzeResult> = {}): string {
  return showAnalysis({
    ...ANALYSIS,
    run: 'runs/analyze-x',
    dataset: 'cifar10',
    skipped: 0,
    kernelTier: 'native',
    zeroVariance: 'keep',
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
