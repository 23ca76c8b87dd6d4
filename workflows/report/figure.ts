import type { TopLevelSpec } from 'vega-lite';
import { importOptional } from '../../foundation/optional_package.ts';
import { type Chart, chartSvg } from '../charts/chart.ts';
import { type ColourName, PLOT_STYLE } from '../charts/style.ts';
import { svgMarkup } from '../charts/svg_figure.ts';

/** A plot of the report: its data are in named `datasets`. */
export interface Figure extends Chart {
  readonly spec: TopLevelSpec & { datasets: Readonly<Record<string, readonly object[]>> };
  /** What its colours and shapes stand for. */
  readonly key: readonly KeyEntry[];
  /** The same figures for those who read rather than look; absent where the page has them as a table anyway. */
  readonly table?: FigureTable;
}

export interface KeyEntry {
  readonly label: string;
  readonly colour: ColourName;
  readonly shape: 'circle' | 'ring' | 'square' | 'diamond' | 'triangle';
}

export interface FigureTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Pixels of a PNG for one of the figure's. */
const PNG_DENSITY = 2;

/** Dots per inch at which sharp draws one pixel for one. */
const SVG_DPI = 72;

/** The figure as files: an SVG for light and dark paper, and a PNG on light paper. */
export async function figureFiles(figure: Chart): Promise<{ svg: string; png: Uint8Array }> {
  const svg = await chartSvg(figure);
  const { default: sharp } = await importOptional(() => import('sharp'));
  const png = await sharp(Buffer.from(svg), { density: PNG_DENSITY * SVG_DPI })
    .png()
    .toBuffer();
  return { svg, png };
}

/** The page has the key in text that wraps. */
const IN_PAGE = { ...PLOT_STYLE, legend: { disable: true } };

/** The figure for the page before its script has drawn: in the page's colours, as wide as there is room. */
export async function inlineSvg({ name, spec }: Chart): Promise<string> {
  const svg = await svgMarkup({ ...spec, config: IN_PAGE });
  // Several figures share the page's names.
  return svg.replaceAll(/\bid="/g, `id="${name}-`).replaceAll('url(#', `url(#${name}-`);
}

/** The figure as a specification of Vega, which fills its container's width. */
export async function liveSpec({ spec }: Chart): Promise<object> {
  const { compile } = await importOptional(() => import('vega-lite'));
  const fitted = {
    ...spec,
    width: 'container',
    autosize: { type: 'fit-x', contains: 'padding' },
    config: IN_PAGE,
  } as TopLevelSpec;
  return compile(fitted).spec;
}
