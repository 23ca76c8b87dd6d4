import type { LayerAnalysis } from '../../../quantize/analyze/analysis.ts';
import { shortLayer } from '../../charts/chart.ts';
import { colour } from '../../charts/style.ts';

/** Layers along a horizontal axis, in the order of execution. */
export const LAYER_AXIS = {
  field: 'short',
  type: 'nominal' as const,
  sort: null,
  axis: {
    title: null,
    labelAngle: -90,
    labelLimit: 90,
    labelFontSize: 10,
    labelOverlap: 'parity' as const,
    ticks: false,
    labelPadding: 6,
  },
};

/** The layers' short names; where two would be the same, their whole names. */
export function shortNames(layers: readonly Pick<LayerAnalysis, 'name'>[]): string[] {
  const short = layers.map(({ name }) => shortLayer(name));
  const distinct = new Set(short).size === short.length;
  return distinct ? short : layers.map(({ name }) => name);
}

/**
 * A layer of a plot over `LAYER_AXIS` that lights up where the pointer is, whatever stands there.
 * @param data rows with `short` and the fields of the tooltip
 * @param fields of the tooltip
 */
export function hoverBars(data: string, fields: readonly string[]) {
  return {
    data: { name: data },
    params: [
      {
        name: 'pointed',
        select: { type: 'point' as const, on: 'pointerover', clear: 'pointerout' },
      },
    ],
    mark: { type: 'bar' as const, width: { band: 1 }, color: colour('ink') },
    encoding: {
      y: { value: 0 },
      y2: { value: 'height' as const },
      opacity: { condition: { param: 'pointed', empty: false, value: 0.08 }, value: 0 },
      tooltip: fields.map((field) => ({ field, title: field, type: 'nominal' as const })),
    },
  };
}
