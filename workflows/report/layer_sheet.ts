import type { LayerAnalysis } from '../../quantize/analyze/analysis.ts';
import type { Chart } from '../charts/chart.ts';
import { layerFigures } from './figures/layer_figures.ts';

/** The plots of one layer as one picture, two in a row. */
export function layerSheet(layer: LayerAnalysis, file: string): Chart {
  const figures = layerFigures(layer);
  const panels = figures.map(({ title, spec: { datasets: _, ...spec } }) => ({ ...spec, title }));
  return {
    name: file,
    title: layer.name,
    description: figures.map(({ description }) => description).join(' '),
    spec: {
      datasets: Object.assign({}, ...figures.map(({ spec }) => spec.datasets)),
      columns: 2,
      spacing: 36,
      concat: panels as never,
    },
  };
}
