import type { Accuracy, PartialAccuracyAnalysis } from '../../../quantize/analyze/analysis.ts';
import { tenth } from '../../charts/format.ts';
import { tableBox } from '../elements.ts';
import { seriesFigure } from '../figures/series_figure.ts';
import { html } from '../html.ts';
import type { Section } from '../section.ts';

/** Accuracy with parts of the network in TF8. */
export function ablationSection(accuracy: PartialAccuracyAnalysis): Section {
  const { images, float, tf8, onlyWeights, onlyActivations, layers } = accuracy;
  const worst = layers.reduce((a, b) => (b.onlyThis.top1 < a.onlyThis.top1 ? b : a));
  const wholes: [string, Accuracy][] = [
    ['float', float],
    ['only weights in 8 bits', onlyWeights],
    ['only activations in 8 bits', onlyActivations],
    ['TF8', tf8],
  ];
  return {
    id: 'ablation',
    title: 'Accuracy with parts in 8 bits',
    figures: [
      seriesFigure({
        name: 'ablation',
        title: 'Top-1 with one layer in TF8, and with all but one',
        description: `Lines over the ${layers.length} layers, on ${images} images. Float has ${tenth(float.top1)} %, TF8 ${tenth(tf8.top1)} %; ${worst.layer} alone in TF8 leaves ${tenth(worst.onlyThis.top1)} %.`,
        layers: layers.map(({ layer }) => ({ name: layer })),
        axis: 'top-1 (%)',
        format: (value) => `${tenth(value)} %`,
        series: [
          {
            label: 'only this layer in TF8',
            column: 'only this',
            values: layers.map(({ onlyThis }) => onlyThis.top1),
          },
          {
            label: 'all layers but this one',
            column: 'all but this',
            values: layers.map(({ allButThis }) => allButThis.top1),
          },
        ],
      }),
    ],
    body: (
      drawn,
    ) => html`<p>Top-1 and top-5 on ${images} images. A layer that is to blame shows as a low point where it alone is in TF8, and as a high one where all others are.</p>
${tableBox({
  header: ['network', 'top-1 %', 'top-5 %'],
  rows: wholes.map(([name, { top1, top5 }]) => [name, tenth(top1), tenth(top5)]),
})}
${drawn}`,
  };
}
