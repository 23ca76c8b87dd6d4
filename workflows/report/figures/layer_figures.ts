import type {
  Histogram,
  LayerAnalysis,
  WeightAnalysis,
} from '../../../quantize/analyze/analysis.ts';
import type { QuantizationParams } from '../../../quantize/params/quantization.ts';
import { percent, short } from '../../charts/format.ts';
import { colour } from '../../charts/style.ts';
import type { Figure, KeyEntry } from '../figure.ts';
import { plotted } from './decibels.ts';

const WIDTH = 380;
const HEIGHT = 170;

const CHANNEL = {
  field: 'channel',
  type: 'quantitative' as const,
  scale: { nice: false, padding: 6 },
  axis: { tickMinStep: 1, format: 'd', grid: false },
};

const DEAD = 'zero variance';
const OUTLIER = 'outlier';
const LIVE = 'live';
const KINDS = {
  field: 'kind',
  type: 'nominal' as const,
  scale: {
    domain: [DEAD, OUTLIER, LIVE],
    range: [colour('vermilion'), colour('orange'), colour('blue')],
  },
};

/** What the channels' colours and shapes stand for. */
export const CHANNEL_KEY: readonly KeyEntry[] = [
  { label: DEAD, colour: 'vermilion', shape: 'diamond' },
  { label: OUTLIER, colour: 'orange', shape: 'triangle' },
  { label: LIVE, colour: 'blue', shape: 'circle' },
];

/** The plots of one layer: those for which it has figures. */
export function layerFigures(layer: LayerAnalysis): Figure[] {
  const { weights } = layer;
  return [
    ...(weights ? [weightsFigure(layer.name, weights)] : []),
    activationsFigure(layer),
    ...(weights?.channels.batchNorm ? [alphaFigure(layer.name, weights)] : []),
    ...(weights ? [rangesFigure(layer.name, weights)] : []),
  ];
}

function weightsFigure(
  layer: string,
  { histogram, quantization, channels }: WeightAnalysis,
): Figure {
  return histogramFigure({
    name: 'weights',
    title: 'Weights on their grid',
    description: `Histogram of the weights of ${layer} over its ${codesInUse(histogram)} bytes in use, a step being ${short(quantization.scale)}; the median live channel spans ${short(channels.medianLevels)} of 256 levels.`,
    axis: 'weight',
    histogram,
    quantization,
  });
}

function activationsFigure({ name, output }: LayerAnalysis): Figure {
  const { histogram, quantization, rangeInUse } = output;
  const { below, above } = histogram;
  return histogramFigure({
    name: 'activations',
    title: 'Outputs on their grid',
    description: `Histogram of the outputs of ${name}, a step being ${short(quantization.scale)}; they cover ${percent(rangeInUse)} % of the range. Below it lie ${percent(below)} %, above it ${percent(above)} %.`,
    axis: 'output',
    histogram,
    quantization,
  });
}

interface HistogramOptions extends Pick<Figure, 'name' | 'title' | 'description'> {
  readonly axis: string;
  readonly histogram: Histogram;
  readonly quantization: QuantizationParams;
}

/** A bar for each byte that stands for a value: as wide as a step. Ticks below are the 256 bytes. */
function histogramFigure(options: HistogramOptions): Figure {
  const { name, title, description, axis, histogram, quantization } = options;
  const { scale, zeroPoint } = quantization;
  const total = histogram.counts.reduce((sum, count) => sum + count, 0);
  const inRange = 1 - histogram.below - histogram.above;
  const real = (byte: number) => Number((scale * (byte - zeroPoint)).toPrecision(6));
  const bars = [...histogram.counts.keys()]
    .filter((byte) => histogram.counts[byte] > 0)
    .map((byte) => ({
      from: real(byte - 0.5),
      to: real(byte + 0.5),
      byte,
      value: real(byte),
      share: Number(((100 * inRange * histogram.counts[byte]) / total).toPrecision(4)),
    }));
  const x = {
    type: 'quantitative' as const,
    scale: { nice: false, zero: false },
    title: axis,
  };
  return {
    name,
    title,
    description,
    key: [],
    table: {
      header: ['byte', axis, 'share (%)'],
      rows: bars.map(({ byte, value, share }) => [String(byte), short(value), String(share)]),
    },
    spec: {
      width: WIDTH,
      height: HEIGHT,
      datasets: {
        [`${name}-bars`]: bars,
        [`${name}-grid`]: [{ scale, zeroPoint }],
        [`${name}-zero`]: [{ value: 0 }],
      },
      layer: [
        {
          data: { name: `${name}-grid` },
          transform: GRID_TICKS,
          mark: { type: 'line', color: colour('muted'), strokeWidth: 0.6 },
          encoding: {
            x: { field: 'at', ...x },
            y: { field: 'pixel', type: 'quantitative', scale: null },
            order: { field: 'point', type: 'quantitative' },
          },
        },
        {
          data: { name: `${name}-zero` },
          mark: { type: 'rule', color: colour('muted'), strokeDash: [3, 3] },
          encoding: { x: { field: 'value', ...x } },
        },
        {
          data: { name: `${name}-bars` },
          mark: { type: 'bar', orient: 'vertical', color: colour('blue'), binSpacing: 0 },
          encoding: {
            x: { field: 'from', ...x },
            x2: { field: 'to' },
            y: {
              field: 'share',
              type: 'quantitative',
              title: 'values (%)',
              scale: { type: 'sqrt' }, // the zeros of a ReLU would hide all others
              axis: { tickCount: 5 },
            },
            y2: { datum: 0 },
            tooltip: [
              { field: 'byte', title: 'byte' },
              { field: 'value', title: axis, format: '.4~g' },
              { field: 'share', title: 'values (%)', format: '.3~g' },
            ],
          },
        },
      ],
    },
  };
}

/**
 * From scale and zero point a short line below the axis for each byte: one path of 256 × 2 points,
 * lifted after every second.
 */
const GRID_TICKS = [
  { calculate: 'sequence(768)', as: 'point' },
  { flatten: ['point'] },
  { calculate: 'datum.scale * (floor(datum.point / 3) - datum.zeroPoint)', as: 'at' },
  {
    calculate: `datum.point % 3 === 2 ? null : ${HEIGHT + 1} + 4 * (datum.point % 3)`,
    as: 'pixel',
  },
];

function alphaFigure(layer: string, { channels }: WeightAnalysis): Figure {
  const { alpha, dead, outliers } = channels.batchNorm!;
  const rows = alpha.map((value, channel) => ({
    channel,
    alpha: plotted(value),
    kind: kindOf(channel, dead, outliers),
  }));
  const live = alpha.filter((_, channel) => !dead.includes(channel)).map(Math.abs);
  return {
    name: 'alpha',
    title: 'α = γ/√(σ² + ε) by channel',
    description: `α of the ${alpha.length} channels of ${layer}: ${dead.length} of zero variance${dead.length > 0 ? `, up to ${short(Math.max(...dead.map((channel) => Math.abs(alpha[channel]))))}` : ''}; ${outliers.length} outliers; the live ones reach ${short(Math.max(0, ...live))}.`,
    key: CHANNEL_KEY,
    table: {
      header: ['channel', 'α', 'kind'],
      rows: rows.map(({ channel, kind }) => [String(channel), short(alpha[channel]), kind]),
    },
    spec: {
      width: WIDTH,
      height: HEIGHT,
      datasets: { alpha: rows },
      data: { name: 'alpha' },
      mark: { type: 'point', filled: true, size: 34, opacity: 0.9 },
      encoding: {
        x: CHANNEL,
        y: { field: 'alpha', type: 'quantitative', title: 'α', axis: { tickCount: 4 } },
        color: KINDS,
        shape: {
          ...KINDS,
          scale: { domain: KINDS.scale.domain, range: ['diamond', 'triangle-up', 'circle'] },
        },
        tooltip: [
          { field: 'channel', title: 'channel' },
          { field: 'alpha', title: 'α', format: '.4~g' },
          { field: 'kind', title: 'kind' },
        ],
      },
    },
  };
}

function rangesFigure(layer: string, { channels, range }: WeightAnalysis): Figure {
  const { dead = [] } = channels.batchNorm ?? {};
  const rows = channels.min.map((min, channel) => ({
    channel,
    min: plotted(min),
    max: plotted(channels.max[channel]),
    levels: channels.levels[channel],
    kind: kindOf(channel, dead, channels.wideChannels),
  }));
  return {
    name: 'ranges',
    title: 'Range of the folded weights by channel',
    description: `The layer’s range is ${short(range.min)} to ${short(range.max)}; the median live channel of ${layer} covers ${percent(channels.medianShare)} % of it.`,
    key: CHANNEL_KEY,
    table: {
      header: ['channel', 'least', 'greatest', 'levels of 256', 'kind'],
      rows: rows.map(({ channel, levels, kind }) => [
        String(channel),
        short(channels.min[channel]),
        short(channels.max[channel]),
        String(levels),
        kind,
      ]),
    },
    spec: {
      width: WIDTH,
      height: HEIGHT,
      datasets: { ranges: rows },
      data: { name: 'ranges' },
      mark: { type: 'rule', strokeWidth: 2 },
      encoding: {
        x: CHANNEL,
        y: { field: 'min', type: 'quantitative', title: 'weights', axis: { tickCount: 4 } },
        y2: { field: 'max' },
        color: KINDS,
        tooltip: [
          { field: 'channel', title: 'channel' },
          { field: 'min', title: 'least', format: '.4~g' },
          { field: 'max', title: 'greatest', format: '.4~g' },
          { field: 'levels', title: 'levels of 256' },
          { field: 'kind', title: 'kind' },
        ],
      },
    },
  };
}

function kindOf(channel: number, dead: readonly number[], outliers: readonly number[]): string {
  if (dead.includes(channel)) return DEAD;
  return outliers.includes(channel) ? OUTLIER : LIVE;
}

function codesInUse({ counts }: Histogram): number {
  return counts.filter((count) => count > 0).length;
}
