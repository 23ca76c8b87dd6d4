import type { TopLevelSpec } from 'vega-lite';
import { colour } from '../../charts/style.ts';
import type { Figure, KeyEntry } from '../figure.ts';
import { plotted } from './decibels.ts';
import { hoverBars, LAYER_AXIS, shortNames } from './layer_axis.ts';

/** Figures of all layers: one line. */
export interface Series {
  readonly label: string;
  /** What tables call it. */
  readonly column: string;
  readonly values: readonly number[];
  /** Lower and upper limits of a band around the line. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
}

export interface SeriesOptions extends Pick<Figure, 'name' | 'title' | 'description'> {
  readonly layers: readonly { readonly name: string }[];
  readonly axis: string;
  readonly series: readonly [Series, Series];
  /** A value as text. */
  readonly format: (value: number) => string;
  /** More columns of the table. */
  readonly columns?: Readonly<Record<string, readonly string[]>>;
}

const STYLES = [
  { colour: 'blue', shape: 'circle' },
  { colour: 'vermilion', shape: 'square' },
] as const satisfies readonly Omit<KeyEntry, 'label'>[];

/** Two lines over the layers. A value that is not finite has no point. */
export function seriesFigure(options: SeriesOptions): Figure {
  const { name, title, description, layers, axis, series, format, columns = {} } = options;
  const short = shortNames(layers);
  const domain = series.map(({ label }) => label);
  const which = {
    field: 'which',
    type: 'nominal' as const,
    scale: { domain, range: STYLES.map((style) => colour(style.colour)) },
  };
  const values = series.flatMap(({ label, values: line, band }) =>
    line.map((value, at) => ({
      short: short[at],
      which: label,
      value: plotted(value),
      low: plotted(band?.low[at] ?? value),
      high: plotted(band?.high[at] ?? value),
    })),
  );
  const texts = layers.map((layer, at) => ({
    layer: layer.name,
    ...Object.fromEntries(series.map(({ column, values: line }) => [column, format(line[at])])),
    ...Object.fromEntries(Object.entries(columns).map(([column, cells]) => [column, cells[at]])),
  }));
  const header = Object.keys(texts[0]);
  const spec: TopLevelSpec = {
    width: 760,
    height: 250,
    encoding: { x: LAYER_AXIS },
    layer: [
      ...(series.some(({ band }) => band)
        ? [
            {
              data: { name: 'lines' },
              mark: { type: 'area' as const, opacity: 0.14 },
              encoding: {
                y: { field: 'low', type: 'quantitative' as const, title: axis },
                y2: { field: 'high' },
                color: which,
              },
            },
          ]
        : []),
      {
        data: { name: 'lines' },
        mark: { type: 'line', strokeWidth: 2, point: { filled: true, size: 34 } },
        encoding: {
          y: { field: 'value', type: 'quantitative', title: axis },
          color: which,
          shape: { ...which, scale: { domain, range: STYLES.map(({ shape }) => shape) } },
        },
      },
      hoverBars('layers', header),
    ],
  };
  return {
    name,
    title,
    description,
    key: STYLES.map((style, at) => ({ ...style, label: domain[at] })),
    table: { header, rows: texts.map((row) => Object.values(row)) },
    spec: {
      ...spec,
      datasets: { lines: values, layers: texts.map((row, at) => ({ short: short[at], ...row })) },
    },
  };
}
