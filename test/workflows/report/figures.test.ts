import assert from 'node:assert/strict';
import { branchesFigure } from '../../../workflows/report/figures/branches_figure.ts';
import { causesFigure } from '../../../workflows/report/figures/causes_figure.ts';
import { decibels, plotted } from '../../../workflows/report/figures/decibels.ts';
import { shortNames } from '../../../workflows/report/figures/layer_axis.ts';
import { layerFigures } from '../../../workflows/report/figures/layer_figures.ts';
import { sqnrFigure } from '../../../workflows/report/figures/sqnr_figures.ts';
import { columnsOf, rowsOf } from '../../../workflows/report/page_data.ts';
import { analysisOf } from './support.ts';

const ANALYSIS = analysisOf(['Conv2d_0', 'Conv2d_1_depthwise', 'logits']);

describe('the figures of the report', () => {
  it('leave out the point of a layer that loses nothing, and say so in the table', () => {
    const { spec, table } = sqnrFigure(ANALYSIS);
    const local = spec.datasets.lines.slice(0, 3) as { value: number | null }[];
    assert.deepEqual(
      local.map(({ value }) => value),
      [8, 15, null],
    );
    assert.deepEqual(table!.header, ['layer', 'local', 'cumulative', 'zero variance']);
    assert.deepEqual(table!.rows[2], ['logits', 'lossless', '15.7 dB', '–']);
  });

  it('give a cause that loses nothing no field, and one that is all noise the strongest', () => {
    const [first, second, last] = ANALYSIS.layers;
    const noisy = { ...second, causes: { ...second.causes, weightQuantization: -Infinity } };
    const rows = causesFigure({ ...ANALYSIS, layers: [first, noisy, last] }).spec.datasets
      .causes as { cause: string; db: number }[];
    assert.ok(rows.every(({ cause }) => cause !== 'saturation'));
    const weights = rows.filter(({ cause }) => cause === 'weights').map(({ db }) => db);
    assert.ok(weights.length === 2 && weights[0] === 9 && weights[1] < 0, `${weights}`);
  });

  it('put what ReLU6 clips on no scale with what TF8 loses', () => {
    const { spec, table } = causesFigure(ANALYSIS);
    assert.doesNotMatch(JSON.stringify([spec, table]), /ReLU6/);
  });

  it('draw a bar of one step for each byte in use, at the values that bytes stand for', () => {
    const [layer] = ANALYSIS.layers;
    const [weights] = layerFigures(layer);
    const bars = weights.spec.datasets['weights-bars'] as {
      byte: number;
      value: number;
      from: number;
      to: number;
      share: number;
    }[];
    const { scale, zeroPoint } = layer.weights!.quantization;
    const { counts, below, above } = layer.weights!.histogram;
    assert.equal(bars.length, counts.filter((count) => count > 0).length);
    for (const { byte, value, from, to } of bars) {
      assert.ok(Math.abs(value - scale * (byte - zeroPoint)) < 1e-5);
      assert.ok(Math.abs(to - from - scale) < 1e-5);
    }
    const inRange = bars.reduce((sum, { share }) => sum + share, 0) / 100;
    assert.ok(Math.abs(inRange + below + above - 1) < 1e-3, `${inRange}`);
  });

  it('tell dead channels from outliers and live ones', () => {
    const figures = layerFigures(ANALYSIS.layers[0]);
    const kindsOf = (name: string) =>
      (figures.find((figure) => figure.name === name)!.spec.datasets[name] as { kind: string }[])
        .slice(0, 6)
        .map(({ kind }) => kind);
    const dead = ['zero variance', 'zero variance'];
    assert.deepEqual(kindsOf('alpha'), [...dead, 'live', 'live', 'live', 'outlier']);
    assert.deepEqual(kindsOf('ranges'), [...dead, 'live', 'live', 'live', 'live']);
  });

  it('have no plots of weights for a layer without weights', () => {
    assert.deepEqual(
      layerFigures(ANALYSIS.layers[2]).map(({ name }) => name),
      ['activations'],
    );
  });
});

describe('branchesFigure', () => {
  it('has nothing to show of a chain', () => {
    assert.equal(branchesFigure(ANALYSIS), undefined);
  });

  it('draws an arc over the layers that a result passes by', () => {
    const [first, second, last] = ANALYSIS.layers;
    const residual = { ...last, inputs: [second.name, first.name, 'input'] };
    const { description, spec } = branchesFigure({
      ...ANALYSIS,
      layers: [first, second, residual],
    })!;
    assert.match(description, /^The 3 layers in a row, with 2 arcs .* from input to logits\.$/);
    const arcs = spec.datasets.arcs as { edge: number; at: number; height: number }[];
    const ends = [0, 1, 2, 3, 4].map((edge) => {
      const arc = arcs.filter((point) => point.edge === edge);
      return [arc[0].at, arc.at(-1)!.at, Math.max(...arc.map(({ height }) => height))];
    });
    assert.deepEqual(ends, [
      [-1, 0, 0],
      [0, 1, 0],
      [1, 2, 0],
      [0, 2, 1],
      [-1, 2, 1.5],
    ]);
  });
});

describe('names and numbers of the figures', () => {
  it('layers have short names where these are distinct', () => {
    const named = (...names: string[]) => shortNames(names.map((name) => ({ name })));
    assert.deepEqual(named('Conv2d_0', 'Conv2d_1_pointwise'), ['0', '1 pw']);
    assert.deepEqual(named('Conv2d_0', '0'), ['Conv2d_0', '0']);
  });

  it('infinite decibels are words, and no points', () => {
    assert.deepEqual([12.345, Infinity, -Infinity].map(decibels), [
      '12.3 dB',
      'lossless',
      'no signal',
    ]);
    assert.deepEqual([12.3456789, Infinity, -Infinity].map(plotted), [12.346, null, null]);
  });

  it('rows come back from columns', () => {
    const rows = [
      { a: 1, b: null },
      { a: 'x', b: 2 },
    ];
    assert.deepEqual(columnsOf(rows), { a: [1, 'x'], b: [null, 2] });
    assert.deepEqual(rowsOf(columnsOf(rows)), rows);
    assert.deepEqual(rowsOf(columnsOf([])), []);
  });
});
