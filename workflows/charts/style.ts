import type { Config } from 'vega-lite';

/**
 * How every plot looks, in the report, on the pages of docs/ and beside a training: its colours, fonts
 * and sizes. A plot names colours; a page's style sheet sets them for light and for dark paper, and so does
 * that of a file of its own.
 */

/**
 * The colours, on light paper and on dark. The data's are Okabe and Ito's, which readers with
 * any colour vision tell apart; on dark paper as light as is needed for a contrast of 3 : 1 and more.
 */
const COLOURS = {
  paper: ['#ffffff', '#15171a'],
  ink: ['#1c1e21', '#e6e4df'],
  muted: ['#5b6168', '#a2a7ad'],
  rule: ['#d9dadb', '#3a3e43'],
  grid: ['#ececec', '#26292d'],
  panel: ['#f6f6f4', '#1d2024'],
  blue: ['#0072b2', '#56b4e9'],
  vermilion: ['#d55e00', '#ff8b3d'],
  green: ['#007d5c', '#2fc297'],
  purple: ['#a5568a', '#dd9dc3'],
  orange: ['#9a6b00', '#e9b949'],
  // One hue from much noise to little, so that it reads without colour.
  heat0: ['#7f2704', '#ffb380'],
  heat1: ['#c8500a', '#d9752e'],
  heat2: ['#f0944d', '#9a4f1c'],
  heat3: ['#f9cfa8', '#5c3319'],
  heat4: ['#f4ede5', '#2c2420'],
} as const satisfies Record<string, readonly [light: string, dark: string]>;

export type ColourName = keyof typeof COLOURS;

/** The shades of a field, from the worst to the best. */
export const HEAT = ['heat0', 'heat1', 'heat2', 'heat3', 'heat4'] as const;

const NAMES = Object.keys(COLOURS) as ColourName[];

/** A colour of a plot, by its name. */
export function colour(name: ColourName): string {
  return `var(--${name})`;
}

/** A style sheet's definitions of the colours, for either paper. */
export function colourRules(): string {
  const define = (theme: 0 | 1) =>
    NAMES.map((name) => `--${name}:${COLOURS[name][theme]}`).join(';');
  return `:root{color-scheme:light dark;${define(0)}}@media(prefers-color-scheme:dark){:root{${define(1)}}}`;
}

/**
 * An SVG in colours of its own, for a file: light paper's, and dark paper's where a reader prefers it. The
 * light ones stand in the attributes, so that programs that know no style sheets show them.
 */
export function inOwnColours(svg: string): string {
  const light = NAMES.reduce((text, name) => text.replaceAll(colour(name), COLOURS[name][0]), svg);
  const rules = NAMES.flatMap((name) =>
    (['fill', 'stroke'] as const)
      .filter((property) => svg.includes(`${property}="${colour(name)}"`))
      .map((property) => {
        const [onLight, onDark] = COLOURS[name];
        return `[${property}="${onLight}"]{${property}:${onDark}}`;
      }),
  );
  return light.replace(
    '</desc>',
    `</desc><style>@media(prefers-color-scheme:dark){${rules.join('')}}</style>`,
  );
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** Of a plot in a file of its own, in pixels. */
export const WIDTH = 620;
export const PADDING = 14;

/** Vega-Lite's configuration of every plot. */
export const PLOT_STYLE: Config = {
  aria: false, // the figure has one text of its own
  background: 'transparent',
  font: FONT.replaceAll('"', "'"),
  axis: {
    domainColor: colour('rule'),
    gridColor: colour('grid'),
    labelColor: colour('muted'),
    labelFontSize: 11,
    tickColor: colour('rule'),
    titleColor: colour('muted'),
    titleFontSize: 11,
    titleFontWeight: 'normal',
  },
  axisY: { minExtent: 34, titlePadding: 8 },
  legend: {
    labelColor: colour('ink'),
    labelFontSize: 12,
    labelLimit: 0,
    orient: 'top',
    symbolOpacity: 1,
    symbolStrokeWidth: 2,
    title: null,
  },
  title: { anchor: 'start', color: colour('ink'), fontSize: 12, fontWeight: 'normal', offset: 8 },
  point: { opacity: 1 },
  text: { color: colour('ink') },
  view: { stroke: null },
};
