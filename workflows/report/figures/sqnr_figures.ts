import type { Analysis, SqnrStatistics } from '../../../quantize/analyze/analysis.ts';
import type { Figure } from '../figure.ts';
import { zeroVariance } from '../layer_facts.ts';
import { decibels } from './decibels.ts';
import { type Series, seriesFigure } from './series_figure.ts';

/** SQNR of every layer's output, by itself and with all layers before it, with quartiles over images. */
export function sqnrFigure({ layers, images }: Pick<Analysis, 'layers' | 'images'>): Figure {
  const worst = layers.reduce((a, b) => (b.localSqnrDb < a.localSqnrDb ? b : a));
  const last = layers.at(-1)!;
  return seriesFigure({
    name: 'sqnr',
    title: 'SQNR of each layer’s output, TF8 against float',
    description: `Lines over the ${layers.length} layers, means over ${images} images with bands from the lower to the upper quartile. By itself ${worst.name} loses most: ${decibels(worst.localSqnrDb)}. The whole network ends at ${decibels(last.cumulativeSqnrDb)}.`,
    layers,
    axis: 'SQNR (dB)',
    format: decibels,
    series: [
      {
        label: 'local: this layer alone',
        column: 'local',
        values: layers.map(({ localSqnrDb }) => localSqnrDb),
        band: bandOf(layers.map(({ local }) => local)),
      },
      {
        label: 'cumulative: the network up to here',
        column: 'cumulative',
        values: layers.map(({ cumulativeSqnrDb }) => cumulativeSqnrDb),
        band: bandOf(layers.map(({ cumulative }) => cumulative)),
      },
    ],
    columns: { 'zero variance': layers.map(zeroVariance) },
  });
}

/** What each layer's weights, and its output's bytes, do to the logits. */
export function logitsFigure({
  layers,
  effectImages,
}: Pick<Analysis, 'layers' | 'effectImages'>): Figure {
  const worst = layers.reduce((a, b) => (b.logits.onlyWeights < a.logits.onlyWeights ? b : a));
  return seriesFigure({
    name: 'logits',
    title: 'SQNR of the logits where only this layer is quantized',
    description: `Lines over the ${layers.length} layers, over ${effectImages} images. The weights of ${worst.name} cost the logits most: ${decibels(worst.logits.onlyWeights)}.`,
    layers,
    axis: 'SQNR of the logits (dB)',
    format: decibels,
    series: [
      {
        label: 'only its weights',
        column: 'weights',
        values: layers.map(({ logits }) => logits.onlyWeights),
      },
      {
        label: 'only its output',
        column: 'output',
        values: layers.map(({ logits }) => logits.onlyOutput),
      },
    ],
  });
}

function bandOf(statistics: readonly SqnrStatistics[]): NonNullable<Series['band']> {
  return {
    low: statistics.map(({ lowerQuartileDb }) => lowerQuartileDb),
    high: statistics.map(({ upperQuartileDb }) => upperQuartileDb),
  };
}
