import { type Chart, COLOURS, LAYERS, shortLayer } from '../../workflows/charts/chart.ts';
import { percent, short, tenth } from '../../workflows/charts/format.ts';
import { WIDTH } from '../../workflows/charts/style.ts';
import type { ExplainRecord } from '../../workflows/records/explain_record.ts';

const AS_PUBLISHED = 'as published';
const OPTION_1 = 'Option 1';
const VERSIONS = {
  field: 'version',
  type: 'nominal' as const,
  scale: { domain: [AS_PUBLISHED, OPTION_1], range: [COLOURS.bad, COLOURS.good] },
};

/** α of each channel of the first depthwise batch norm. */
export function alphaChart({ firstDepthwise, depthwise }: ExplainRecord): Chart {
  const { layer, dead, alpha } = firstDepthwise;
  return {
    name: 'alpha',
    title: `α of the ${alpha.length} channels of ${layer}`,
    description: `Bars: α of the ${alpha.length} channels of ${layer}. The ${dead.length} channels of zero variance have ${dead.map((channel) => short(alpha[channel])).join(', ')}; the median of the others is ${short(depthwise[0].liveAlpha.median)}.`,
    spec: {
      width: WIDTH,
      height: 220,
      data: {
        values: alpha.map((value, channel) => ({ channel, alpha: value, ...kind(channel, dead) })),
      },
      mark: 'bar',
      encoding: {
        x: { field: 'channel', type: 'ordinal', axis: { title: 'channel', labelAngle: 0 } },
        y: { field: 'alpha', type: 'quantitative', title: 'α = γ/√(σ² + ε)' },
        color: KINDS,
      },
    },
  };
}

/** The ranges of the folded weights, channel by channel, against the step of the layer. */
export function rangesChart({ firstDepthwise, depthwise }: ExplainRecord): Chart {
  const { layer, dead, asPublished, option1 } = firstDepthwise;
  const [first] = depthwise;
  const limits = asPublished.flatMap(({ min, max }) => [min, max]);
  const panel = (
    version: string,
    ranges: ExplainRecord['firstDepthwise']['option1'],
    { scale }: ExplainRecord['depthwise'][number]['option1'],
  ) => ({
    title: {
      text: `${version}: a step is ${short(scale)}`,
      fontSize: 12,
      fontWeight: 'normal' as const,
    },
    width: WIDTH,
    height: 150,
    data: {
      values: ranges.map((range, channel) => ({ channel, ...range, ...kind(channel, dead) })),
    },
    mark: { type: 'bar' as const, size: 9, minBandSize: 2 },
    encoding: {
      x: { field: 'channel', type: 'ordinal' as const, axis: { title: 'channel', labelAngle: 0 } },
      y: {
        field: 'min',
        type: 'quantitative' as const,
        title: 'folded weights',
        scale: { domain: [Math.min(...limits), Math.max(...limits)] },
      },
      y2: { field: 'max' },
      color: KINDS,
    },
  });
  return {
    name: 'ranges',
    title: `Range of the folded weights of ${layer}, by channel`,
    description: `The range of the folded weights of each channel of ${layer}, as published and with Option 1. As published the channels of zero variance reach from ${short(first.asPublished.min)} to ${short(first.asPublished.max)}; with Option 1 all lie between ${short(first.option1.min)} and ${short(first.option1.max)}.`,
    spec: {
      vconcat: [
        panel(AS_PUBLISHED, asPublished, first.asPublished),
        panel(OPTION_1, option1, first.option1),
      ],
    },
  };
}

/** What one range for the layer leaves to the live channels. */
export function levelsChart({ depthwise }: ExplainRecord): Chart {
  const worst = depthwise.reduce((a, b) =>
    b.asPublished.medianLevels < a.asPublished.medianLevels ? b : a,
  );
  return {
    name: 'levels',
    title: 'Levels of 256 that the median live channel spans',
    description: `Bars by depthwise layer, as published and with Option 1. Worst as published: ${worst.layer} with ${short(worst.asPublished.medianLevels)} levels. Layers without channels of zero variance are the same in both.`,
    spec: {
      width: WIDTH,
      height: 200,
      data: {
        values: depthwise.flatMap(({ layer, asPublished, option1 }) => {
          const name = shortLayer(layer);
          return [
            { layer: name, version: AS_PUBLISHED, levels: asPublished.medianLevels },
            { layer: name, version: OPTION_1, levels: option1.medianLevels },
          ];
        }),
      },
      mark: 'bar',
      encoding: {
        x: LAYERS,
        xOffset: { field: 'version', sort: null },
        y: { field: 'levels', type: 'quantitative', title: 'levels' },
        color: VERSIONS,
      },
    },
  };
}

type Photographs = NonNullable<ExplainRecord['photographs']>;

/** How the noise grows from layer to layer. */
export function sqnrChart({ layers, images }: Photographs): Chart {
  const last = layers.at(-1)!;
  return {
    name: 'sqnr',
    title: 'SQNR of each layer’s output, TF8 against float (dB)',
    description: `Lines over the layers, the mean of ${images} photographs. As published it falls from ${tenth(layers[0].asPublishedDb)} dB at the first layer to ${tenth(last.asPublishedDb)} dB at the logits; with Option 1 it ends at ${tenth(last.option1Db)} dB.`,
    spec: {
      width: WIDTH,
      height: 230,
      data: {
        values: layers.flatMap(({ layer, asPublishedDb, option1Db }) => [
          { layer: shortLayer(layer), version: AS_PUBLISHED, db: asPublishedDb },
          { layer: shortLayer(layer), version: OPTION_1, db: option1Db },
        ]),
      },
      mark: { type: 'line', strokeWidth: 2, point: { size: 25 } },
      encoding: {
        x: LAYERS,
        y: { field: 'db', type: 'quantitative', title: 'SQNR (dB)' },
        color: VERSIONS,
      },
    },
  };
}

/** What the ReLU6 behind each layer cuts. */
export function clippedChart({ relu6, images }: Photographs): Chart {
  const most = mostClipped(relu6);
  return {
    name: 'clipped',
    title: 'Outputs that ReLU6 clips (%)',
    description: `Bars by layer, over ${images} photographs. Of the depthwise layers ${most.layer} is clipped most: ${percent(most.clippedShare)} % of its outputs, which would reach up to ${short(most.max)}.`,
    spec: {
      width: WIDTH,
      height: 180,
      data: {
        values: relu6.map(({ layer, depthwise, clippedShare }) => ({
          layer: shortLayer(layer),
          kind: depthwise ? 'depthwise' : 'others',
          percent: 100 * clippedShare,
        })),
      },
      mark: 'bar',
      encoding: {
        x: LAYERS,
        y: { field: 'percent', type: 'quantitative', title: 'clipped (%)' },
        color: {
          field: 'kind',
          type: 'nominal',
          scale: { domain: ['depthwise', 'others'], range: [COLOURS.bad, COLOURS.good] },
        },
      },
    },
  };
}

/** The depthwise layer that is clipped most. */
export function mostClipped(relu6: Photographs['relu6']): Photographs['relu6'][number] {
  return relu6
    .filter(({ depthwise }) => depthwise)
    .reduce((a, b) => (b.clippedShare > a.clippedShare ? b : a));
}

const KINDS = {
  field: 'kind',
  type: 'nominal' as const,
  scale: { domain: ['zero variance', 'live'], range: [COLOURS.bad, COLOURS.good] },
};

function kind(channel: number, dead: readonly number[]): { kind: string } {
  return { kind: dead.includes(channel) ? 'zero variance' : 'live' };
}
