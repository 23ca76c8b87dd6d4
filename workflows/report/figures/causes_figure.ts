import type { Analysis, LossCause } from '../../../quantize/analyze/analysis.ts';
import { colour } from '../../charts/style.ts';
import type { Figure } from '../figure.ts';
import { decibels, plotted } from './decibels.ts';
import { HEAT_SCALE, heatKey } from './heat.ts';
import { LAYER_AXIS, shortNames } from './layer_axis.ts';

/** In the order in which a layer meets them. What ReLU6 clips is not among them: the float network clips alike. */
const CAUSES: Readonly<Record<Exclude<LossCause, 'relu6Clipping'>, string>> = {
  inputQuantization: 'input',
  weightQuantization: 'weights',
  saturation: 'saturation',
  activationRequantization: 'requantization',
};
const NAMES = Object.keys(CAUSES) as (keyof typeof CAUSES)[];

/** What each cause alone does to each layer. */
export function causesFigure({ layers, images }: Pick<Analysis, 'layers' | 'images'>): Figure {
  const short = shortNames(layers);
  const values = layers.flatMap(({ name, causes }, at) =>
    NAMES.map((cause) => ({
      layer: name,
      short: short[at],
      cause: CAUSES[cause],
      // What is all noise is the worst there is; what loses nothing has no cell.
      db: causes[cause] === -Infinity ? -1000 : plotted(causes[cause]),
      sqnr: decibels(causes[cause]),
    })).filter(({ db }) => db !== null),
  );
  return {
    name: 'causes',
    title: 'SQNR that each cause alone leaves',
    description: `A field for each layer and cause, over ${images} images: the stronger, the more noise. ${worstInWords(layers)}`,
    key: heatKey('square'),
    table: {
      header: ['layer', ...NAMES.map((cause) => CAUSES[cause])],
      rows: layers.map(({ name, causes }) => [
        name,
        ...NAMES.map((cause) => decibels(causes[cause])),
      ]),
    },
    spec: {
      width: 760,
      height: 26 * new Set(values.map(({ cause }) => cause)).size,
      datasets: { causes: values },
      data: { name: 'causes' },
      mark: { type: 'rect', stroke: colour('paper'), strokeWidth: 2, cornerRadius: 3 },
      encoding: {
        x: { ...LAYER_AXIS, axis: { ...LAYER_AXIS.axis, domain: false } },
        y: {
          field: 'cause',
          type: 'nominal',
          sort: Object.values(CAUSES),
          axis: { title: null, ticks: false, domain: false, labelColor: colour('ink') },
        },
        color: {
          field: 'db',
          type: 'quantitative',
          scale: HEAT_SCALE,
          title: 'SQNR (dB)',
        },
        tooltip: [
          { field: 'layer', title: 'layer' },
          { field: 'cause', title: 'cause' },
          { field: 'sqnr', title: 'SQNR' },
        ],
      },
    },
  };
}

function worstInWords(layers: Analysis['layers']): string {
  const worst = NAMES.map((cause) => {
    const layer = layers.reduce((a, b) => (b.causes[cause] < a.causes[cause] ? b : a));
    return { cause: CAUSES[cause], layer: layer.name, db: layer.causes[cause] };
  }).filter(({ db }) => db !== Infinity);
  return worst
    .map(({ cause, layer, db }) => `Worst by ${cause}: ${layer} with ${decibels(db)}.`)
    .join(' ');
}
