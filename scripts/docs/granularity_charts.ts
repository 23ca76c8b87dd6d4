import {
  dequantize,
  paramsFromRange,
  type QuantizationParams,
  quantize,
} from '../../quantize/params/quantization.ts';
import type { Chart } from '../../workflows/charts/chart.ts';
import { short, tenth } from '../../workflows/charts/format.ts';
import { type ColourName, colour, WIDTH } from '../../workflows/charts/style.ts';
import type { GranularityRecord } from '../../workflows/records/granularity_record.ts';
import { outcomesOf } from './granularity_figures.ts';

interface Weight {
  readonly label: string;
  readonly weight: number;
}

/** What one range for all channels leaves of a channel's weights, and what its own would. */
export function oneRangeChart({ channels }: GranularityRecord): Chart {
  const { layer, min, max, widest, median } = channels;
  const [widestLow, widestHigh] = extremes(widest.weights);
  const [low, high] = extremes(median.weights);
  const ofLayer = paramsFromRange(min, max);
  const own = paramsFromRange(low, high);
  const labelled = (label: string, weights: readonly number[]): Weight[] =>
    weights.map((weight) => ({ label, weight }));
  const shared = [
    ...labelled(`channel ${widest.channel}, the widest`, widest.weights),
    ...labelled(`channel ${median.channel}, live`, median.weights),
  ];
  const grids = [
    { label: `by the layer’s range: a step is ${short(ofLayer.scale)}`, params: ofLayer },
    { label: `by its own range: a step is ${short(own.scale)}`, params: own },
  ];
  const float = labelled('in float', median.weights);
  const rounded = grids.flatMap(({ label, params }) =>
    labelled(
      label,
      median.weights.map((weight) => onGrid(weight, params)),
    ),
  );
  const levels = grids.flatMap(({ label, params }) =>
    labelled(label, levelsWithin(params, low, high)),
  );
  const margin = ofLayer.scale / 2;
  const closeUp = panel(
    [...float, ...rounded],
    [low - margin, high + margin],
    `channel ${median.channel} close up: the lines are the levels that it has`,
  );
  return {
    name: 'one-range',
    title: `One range for all channels of ${layer}`,
    description: `Points on lines. The ${widest.weights.length} weights of channel ${widest.channel} reach from ${short(widestLow)} to ${short(widestHigh)}, those of channel ${median.channel} from ${short(low)} to ${short(high)}. By the layer’s range channel ${median.channel} has ${levelsWithin(ofLayer, low, high).length} levels, of ${short(ofLayer.scale)} each; by its own, ${levelsWithin(own, low, high).length} of ${short(own.scale)}.`,
    spec: {
      spacing: 22,
      vconcat: [
        {
          width: PANEL_WIDTH,
          height: 60,
          ...panel(
            shared,
            [min, max],
            'folded weights of two channels, in the range that they share',
          ),
        },
        {
          width: PANEL_WIDTH,
          height: 110,
          layer: [
            {
              ...closeUp,
              data: { values: levels },
              mark: { type: 'tick', color: colour('blue'), thickness: 0.7, height: 22 },
            },
            closeUp,
          ],
        },
      ],
    },
  };
}

/** The rows' names stand beside it. */
const PANEL_WIDTH = WIDTH - 210;

/** Weights as points on a line for each label, in the order of the labels. */
function panel(weights: readonly Weight[], domain: readonly [number, number], title: string) {
  return {
    data: { values: [...weights] },
    mark: { type: 'point' as const, filled: true, size: 40, color: colour('vermilion') },
    encoding: {
      x: {
        field: 'weight',
        type: 'quantitative' as const,
        title,
        scale: { domain: [...domain], nice: false, zero: false },
        axis: { grid: false },
      },
      y: {
        field: 'label',
        type: 'nominal' as const,
        scale: { domain: [...new Set(weights.map(({ label }) => label))] },
        axis: { title: null, labelLimit: 400, domain: false, ticks: false },
      },
    },
  };
}

function extremes(weights: readonly number[]): [number, number] {
  return [Math.min(...weights), Math.max(...weights)];
}

function onGrid(weight: number, params: QuantizationParams): number {
  return dequantize(quantize(weight, params), params);
}

/** The values of the bytes from that of `low` to that of `high`. */
function levelsWithin(params: QuantizationParams, low: number, high: number): number[] {
  const [first, last] = [quantize(low, params), quantize(high, params)];
  return Array.from({ length: last - first + 1 }, (_, at) => dequantize(first + at, params));
}

const NETWORK_COLOURS: readonly ColourName[] = ['vermilion', 'blue', 'green', 'purple', 'orange'];

/** What the noise at the logits says of accuracy. */
export function decibelsChart({ networks }: GranularityRecord): Chart {
  const names = networks.map(({ name }) => name);
  const points = networks.flatMap((network) =>
    outcomesOf(network).map(({ top1Percent, logitsDb }) => ({
      network: network.name,
      top1: top1Percent,
      db: logitsDb,
    })),
  );
  const told = networks.map((network) => {
    const outcomes = outcomesOf(network).toSorted((a, b) => a.logitsDb - b.logitsDb);
    const ends = [outcomes[0]!, outcomes.at(-1)!].map(
      ({ top1Percent, logitsDb }) => `${tenth(top1Percent)} % at ${tenth(logitsDb)} dB`,
    );
    return `${network.name}: ${outcomes.length} points from ${ends.join(' to ')}, in float ${tenth(network.floatTop1Percent)} %`;
  });
  const color = {
    field: 'network',
    type: 'nominal' as const,
    scale: { domain: names, range: NETWORK_COLOURS.slice(0, names.length).map(colour) },
  };
  return {
    name: 'decibels',
    title: 'Top-1 (%) over the SQNR of the logits (dB); dashed: in float',
    description: `Points. ${told.join('. ')}.`,
    spec: {
      width: WIDTH,
      height: 260,
      layer: [
        {
          data: {
            values: networks.map(({ name, floatTop1Percent }) => ({
              network: name,
              top1: floatTop1Percent,
            })),
          },
          mark: { type: 'rule', strokeDash: [4, 4] },
          encoding: { y: { field: 'top1', type: 'quantitative' }, color },
        },
        {
          data: { values: points },
          mark: { type: 'point', filled: true, size: 55 },
          encoding: {
            x: { field: 'db', type: 'quantitative', title: 'SQNR of the logits (dB)' },
            y: {
              field: 'top1',
              type: 'quantitative',
              title: 'top-1 (%)',
              scale: { domain: [0, 100] },
            },
            color,
            shape: { field: 'network', type: 'nominal', scale: { domain: names } },
          },
        },
      ],
    },
  };
}
