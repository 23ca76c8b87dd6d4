import type { TopLevelSpec } from 'vega-lite';
import { InvalidValueError } from '../../foundation/errors.ts';
import type { EpochMetrics } from '../../training/watch/metric_lines.ts';
import type { Metrics } from '../../training/watch/metrics_file.ts';
import { type Chart, chartSvg } from './chart.ts';
import { type CurvePoint, curvePoints, smoothed } from './curve_points.ts';
import { colour, WIDTH } from './style.ts';

export interface TrainingCurveOptions {
  /** Of the figure: what was trained on what. */
  readonly title: string;
}

/** Of the panels, in pixels. */
const HEIGHT = 190;
const LEARNING_RATE_HEIGHT = 80;

const COLOURS = { training: colour('blue'), validation: colour('vermilion') };

/** Losses that span a larger ratio than this are drawn on a logarithmic scale. */
const LINEAR_RATIO = 30;

/** More epochs than these get no lines of their own. */
const MAX_EPOCH_LINES = 30;

/**
 * A figure of a training run as SVG (`trainingCurve`). Equal metrics give equal bytes, also where their
 * times differ.
 * @throws InvalidValueError without metrics of a single step
 */
export async function trainingCurveSvg(
  metrics: Metrics,
  options: TrainingCurveOptions,
): Promise<string> {
  return chartSvg(trainingCurve(metrics, options));
}

/**
 * Loss, accuracy and learning rate over the steps, of training (as measured, pale, and smoothed) and of
 * validation.
 * @throws InvalidValueError without metrics of a single step
 */
export function trainingCurve(metrics: Metrics, { title }: TrainingCurveOptions): Chart {
  if (metrics.steps.length === 0) {
    throw new InvalidValueError('Expected metrics of at least one step but received none');
  }
  return {
    name: 'training-curve',
    title,
    description: describe(metrics),
    spec: specificationOf(metrics),
  };
}

type Series = keyof typeof COLOURS;
type Figure = 'loss' | 'accuracy' | 'learningRate';

function specificationOf({ steps, epochs }: Metrics): TopLevelSpec {
  const points = curvePoints(steps);
  const average = smoothed(points);
  const validated = epochs.filter((epoch) => epoch.validation !== undefined);
  const validation = {
    loss: validated.map((epoch) => row('validation', epoch.step, epoch.validation!.loss)),
    accuracy: validated.map((epoch) => row('validation', epoch.step, epoch.validation!.top1)),
  };
  const lastStep = Math.max(steps.at(-1)!.step, epochs.at(-1)?.step ?? 0);
  /** The panels share one axis, which only the lowest of them names. */
  const x = (axisTitle?: string) => ({
    field: 'step',
    type: 'quantitative' as const,
    scale: { domain: [0, lastStep], nice: false },
    axis: {
      title: axisTitle ?? null,
      labels: axisTitle !== undefined,
      grid: false,
      format: ',d',
      tickCount: 8,
    },
  });
  const series: readonly Series[] =
    validated.length > 0 ? ['training', 'validation'] : ['training'];
  const color = {
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: [...series], range: series.map((name) => COLOURS[name]) },
    legend:
      series.length > 1
        ? {
            symbolType: 'stroke' as const,
            symbolStrokeWidth: 3,
          }
        : null,
  };
  const rowsOf = (of: readonly CurvePoint[], figure: Figure) =>
    of.map((point) => row('training', point.step, point[figure]));
  const epochLines = (axisTitle?: string) => ({
    data: { values: epochs.length > MAX_EPOCH_LINES ? [] : epochs.map(({ step }) => ({ step })) },
    mark: { type: 'rule' as const, color: colour('rule'), strokeDash: [2, 2] },
    encoding: { x: x(axisTitle) },
  });
  const panel = (figure: 'loss' | 'accuracy', axisTitle: string) => {
    const measured = rowsOf(points, figure);
    const averaged = rowsOf(average, figure);
    const scale =
      figure === 'loss'
        ? lossScale([...measured, ...averaged, ...validation.loss])
        : { zero: false };
    const y = {
      field: 'value',
      type: 'quantitative' as const,
      scale,
      axis: { title: 'type' in scale ? `${axisTitle}, log scale` : axisTitle, tickCount: 5 },
    };
    const encoding = { x: x(), y, color };
    return {
      width: WIDTH,
      height: HEIGHT,
      layer: [
        epochLines(),
        {
          data: { values: measured },
          mark: { type: 'line' as const, strokeWidth: 1, opacity: 0.35 },
          encoding,
        },
        { data: { values: averaged }, mark: { type: 'line' as const, strokeWidth: 2 }, encoding },
        {
          data: { values: validation[figure] },
          mark: { type: 'line' as const, strokeWidth: 2, point: { size: 30 } },
          encoding,
        },
      ],
    };
  };
  return {
    spacing: 14,
    vconcat: [
      panel('loss', 'loss (nats)'),
      panel('accuracy', 'accuracy (%)'),
      {
        width: WIDTH,
        height: LEARNING_RATE_HEIGHT,
        layer: [
          epochLines(stepTitle(epochs)),
          {
            data: { values: rowsOf(points, 'learningRate') },
            mark: { type: 'line', strokeWidth: 2, color: colour('muted') },
            encoding: {
              x: x(stepTitle(epochs)),
              y: {
                field: 'value',
                type: 'quantitative',
                scale: { zero: true },
                axis: { title: 'learning rate', tickCount: 3, format: '~g' },
              },
            },
          },
        ],
      },
    ],
    resolve: { scale: { color: 'shared' } },
  };
}

interface Row {
  readonly series: Series;
  readonly step: number;
  /** Null leaves a gap. */
  readonly value: number | null;
}

function row(series: Series, step: number, value: number): Row {
  return { series, step, value: Number.isFinite(value) ? value : null };
}

function lossScale(rows: readonly Row[]): { type: 'log' } | { zero: false } {
  const values = rows.map(({ value }) => value).filter((value) => value !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low > 0 && high > LINEAR_RATIO * low ? { type: 'log' } : { zero: false };
}

function stepTitle(epochs: readonly EpochMetrics[]): string {
  if (epochs.length === 0) return 'step';
  if (epochs.length > MAX_EPOCH_LINES) return `step (${epochs.length} epochs)`;
  return 'step (dashed: ends of epochs)';
}

/** The figure in words, for those who cannot see it. */
function describe({ steps, epochs }: Metrics): string {
  const points = smoothed(curvePoints(steps));
  const [first, last] = [points[0], points.at(-1)!];
  const sentences = [
    `Over ${steps.at(-1)!.step} steps the training loss goes from ${figure(first.loss)} to ${figure(last.loss)} nats` +
      ` and the training accuracy from ${figure(first.accuracy)} to ${figure(last.accuracy)} %.`,
  ];
  const validated = epochs.filter((epoch) => Number.isFinite(epoch.validation?.top1));
  if (validated.length > 0) {
    const best = validated.reduce((a, b) => (b.validation!.top1 > a.validation!.top1 ? b : a));
    const final = validated.at(-1)!;
    sentences.push(
      `The validation accuracy ends at ${figure(final.validation!.top1)} %` +
        ` and is best after epoch ${best.epoch}, at ${figure(best.validation!.top1)} %.`,
    );
  }
  return sentences.join(' ');
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}
