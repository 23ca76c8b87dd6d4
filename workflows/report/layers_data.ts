import type { Analysis, LayerAnalysis } from '../../quantize/analyze/analysis.ts';
import { type Figure, liveSpec } from './figure.ts';
import { layerFigures } from './figures/layer_figures.ts';
import { layerFacts } from './layer_facts.ts';
import { columnsOf, type LayerData, type LayersData } from './page_data.ts';

/** The layers as the page's script shows them, one at a time. */
export async function layersData({ layers }: Pick<Analysis, 'layers'>): Promise<LayersData> {
  const specs: Record<string, object> = {};
  const pages: LayerData[] = [];
  for (const [at, layer] of layers.entries()) {
    const figures = layerFigures(layer);
    for (const figure of figures) specs[figure.name] ??= await liveSpec(withoutData(figure));
    pages.push({
      layer: layer.name,
      file: fileOf(layer, at),
      facts: layerFacts(layer),
      plots: figures.map(({ name, title, description, spec: { datasets } }) => ({
        kind: name,
        title,
        description,
        datasets: Object.fromEntries(
          Object.entries(datasets).map(([dataset, rows]) => [dataset, columnsOf(rows)]),
        ),
      })),
    });
  }
  return { specs, pages };
}

/** A name for files on every system, whatever the layer is called. */
function fileOf({ name }: LayerAnalysis, at: number): string {
  const readable = name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(0, 60);
  return `layer-${String(at).padStart(2, '0')}-${readable}`;
}

function withoutData(figure: Figure): Figure {
  const empty = Object.keys(figure.spec.datasets).map((name) => [name, []]);
  return { ...figure, spec: { ...figure.spec, datasets: Object.fromEntries(empty) } };
}
