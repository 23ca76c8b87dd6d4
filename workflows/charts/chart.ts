import type { Config, TopLevelSpec } from 'vega-lite';
import { svgFigure } from './svg_figure.ts';

/** A picture of a page. */
export interface Chart {
  /** Of its file, without the extension. */
  readonly name: string;
  readonly title: string;
  /** What it shows, in words, with its figures. */
  readonly description: string;
  readonly spec: TopLevelSpec;
}

/** Okabe and Ito's vermilion and blue: told apart by colour-blind readers too. */
export const COLOURS = { bad: '#d55e00', good: '#0072b2' };

/** In pixels. */
export const WIDTH = 620;

/** An axis of slanted names of layers, in the order of the rows. */
export const LAYERS = {
  field: 'layer',
  type: 'nominal' as const,
  sort: null,
  axis: { title: null, labelAngle: -60 },
};

/** On white paper, whatever the reader's own background is. */
const STYLE: Config = {
  aria: false, // the figure has one text of its own
  font: 'Helvetica, Arial, sans-serif',
  axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#eee' },
  axisY: { minExtent: 40 },
  legend: { labelFontSize: 12, orient: 'top', title: null },
  title: { anchor: 'start', fontSize: 14, offset: 8 },
  view: { stroke: '#ccc' },
};

export function chartSvg({ title, description, spec }: Chart): Promise<string> {
  return svgFigure(
    { background: 'white', padding: 12, title, ...spec, config: STYLE },
    { title, description },
  );
}

/** The picture in a page that lies in the folder above its own. */
export function chartMarkdown({ name, description }: Chart): string {
  return `![${description}](figures/${name}.svg)`;
}

/** "Conv2d_3_depthwise" as "3 dw": axes have no room for more. */
export function shortLayer(layer: string): string {
  const [, number, kind] = /^Conv2d_(\w+?)(?:_(depthwise|pointwise))?$/.exec(layer) ?? [];
  if (number === undefined) return layer;
  if (kind === undefined) return number === '1c_1x1' ? 'logits' : number;
  return `${number} ${kind === 'depthwise' ? 'dw' : 'pw'}`;
}
