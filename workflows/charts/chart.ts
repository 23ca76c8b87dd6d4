import type { TopLevelSpec } from 'vega-lite';
import { colour, inOwnColours, PADDING, PLOT_STYLE } from './style.ts';
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

/** What TF8 loses, and what keeps it. */
export const COLOURS = { bad: colour('vermilion'), good: colour('blue') };

/** An axis of slanted names of layers, in the order of the rows. */
export const LAYERS = {
  field: 'layer',
  type: 'nominal' as const,
  sort: null,
  axis: { title: null, labelAngle: -60 },
};

/** The picture as a file of its own, on paper of its own: white, or dark where the reader prefers that. */
export async function chartSvg({ title, description, spec }: Chart): Promise<string> {
  const whole = {
    ...spec,
    background: colour('paper'),
    padding: PADDING,
    config: PLOT_STYLE,
    title,
  };
  return inOwnColours(await svgFigure(whole, { title, description }));
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
