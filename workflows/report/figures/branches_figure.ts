import type { Analysis, LayerAnalysis } from '../../../quantize/analyze/analysis.ts';
import { colour } from '../../charts/style.ts';
import type { Figure } from '../figure.ts';
import { decibels, plotted } from './decibels.ts';
import { HEAT_SCALE, heatKey } from './heat.ts';
import { shortNames } from './layer_axis.ts';

/** Points of an arc. */
const ARC_POINTS = 17;

/** A tensor on its way from the layer that makes it to one that reads it; −1 is the network's input. */
interface Edge {
  readonly from: number;
  readonly to: number;
}

/**
 * The network as a picture: its layers in the order of execution, an arc from each to those which read its
 * result other than the next, and colours by what each loses.
 * @returns undefined for a chain, whose picture says nothing
 */
export function branchesFigure({
  input,
  layers,
}: Pick<Analysis, 'input' | 'layers'>): Figure | undefined {
  const edges = edgesOf(input.name, layers);
  const skips = edges.filter(({ from, to }) => to - from > 1);
  if (skips.length === 0) return undefined;
  const short = shortNames(layers);
  const longest = skips.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
  const rows = layers.map(({ name, op, inputs, localSqnrDb, cumulativeSqnrDb }, at) => ({
    layer: name,
    op,
    reads: inputs.join(', '),
    local: decibels(localSqnrDb),
    cumulative: decibels(cumulativeSqnrDb),
    at,
    height: 0,
    // What loses nothing has the lightest shade.
    db: plotted(localSqnrDb) ?? (localSqnrDb > 0 ? 1000 : -1000),
  }));
  const shown = ['layer', 'op', 'reads', 'local', 'cumulative'] as const;
  return {
    name: 'branches',
    title: 'The network’s branches',
    description: `The ${layers.length} layers in a row, with ${skips.length} arcs over the layers that a result passes by. The longest goes from ${longest.from < 0 ? input.name : layers[longest.from].name} to ${layers[longest.to].name}.`,
    key: heatKey('circle'),
    table: {
      header: [...shown],
      rows: rows.map((row) => shown.map((column) => row[column])),
    },
    spec: {
      width: 760,
      height: 180,
      encoding: {
        x: {
          field: 'at',
          type: 'quantitative',
          scale: { domain: [-1, layers.length], nice: false },
          axis: {
            title: null,
            values: short.map((_, at) => at),
            labelExpr: `${JSON.stringify(short)}[datum.value]`,
            labelAngle: -90,
            labelLimit: 90,
            labelFontSize: 10,
            labelOverlap: 'parity',
            labelPadding: 6,
            grid: false,
            ticks: false,
          },
        },
        y: { field: 'height', type: 'quantitative', axis: null },
      },
      layer: [
        {
          data: { name: 'arcs' },
          mark: { type: 'line', strokeWidth: 1.2, color: colour('muted') },
          encoding: {
            detail: { field: 'edge', type: 'nominal' },
            order: { field: 'at', type: 'quantitative' },
          },
        },
        {
          data: { name: 'layers' },
          mark: { type: 'point', filled: true, size: 70, opacity: 1, stroke: colour('muted') },
          encoding: {
            color: {
              field: 'db',
              type: 'quantitative',
              legend: null,
              scale: HEAT_SCALE,
            },
            tooltip: shown.map((field) => ({ field, title: field, type: 'nominal' as const })),
          },
        },
      ],
      datasets: { arcs: edges.flatMap(arcOf), layers: rows },
    },
  };
}

function edgesOf(input: string, layers: readonly LayerAnalysis[]): readonly Edge[] {
  const places = new Map([[input, -1], ...layers.map(({ name }, at) => [name, at] as const)]);
  return layers.flatMap(({ inputs }, to) =>
    inputs.flatMap((name) => {
      const from = places.get(name);
      return from === undefined ? [] : [{ from, to }];
    }),
  );
}

/** Half an ellipse over the layers between, half as high as wide; a line to the next. */
function arcOf({ from, to }: Edge, edge: number): readonly object[] {
  const half = (to - from) / 2;
  if (half < 1) return [from, to].map((at) => ({ edge, at, height: 0 }));
  return Array.from({ length: ARC_POINTS }, (_, step) => {
    const angle = Math.PI * (1 - step / (ARC_POINTS - 1));
    return { edge, at: from + half * (1 + Math.cos(angle)), height: half * Math.sin(angle) };
  });
}
