import { BATCH_NORM_EPSILON } from '../../architectures/conv_layer.ts';
import { type Chart, chartMarkdown } from '../../workflows/charts/chart.ts';
import { percent, short, tenth } from '../../workflows/charts/format.ts';
import { accuracyTable } from '../../workflows/records/accuracy_table.ts';
import type { AgreementRecord } from '../../workflows/records/agreement_record.ts';
import type { Environment } from '../../workflows/records/environment.ts';
import type { ExplainRecord } from '../../workflows/records/explain_record.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { RearchitectRecord } from '../../workflows/records/rearchitect_record.ts';
import type { RunRecord } from '../../workflows/records/run_record.ts';
import { PAPER } from '../../workflows/reproduce/paper_table.ts';
import { coreLayerChart } from './core_layer_chart.ts';
import {
  alphaChart,
  clippedChart,
  levelsChart,
  mostClipped,
  rangesChart,
  sqnrChart,
} from './explain_charts.ts';
import { decibelsChart, oneRangeChart } from './granularity_charts.ts';
import { granularityFigures } from './granularity_figures.ts';
import { activationsChart, activationsFigures, photographFigures } from './paper_figures.ts';
import { imagesChart, mostUnexplained, unexplainedChart } from './rearchitect_charts.ts';
import type { PageRecords } from './records.ts';
import { friendlyBesideOption1 } from './table_reading.ts';
import type { Sources } from './template.ts';

type Figures = Readonly<Record<string, string>>;
type Photographs = NonNullable<ExplainRecord['photographs']>;

/** What a page shows. */
export interface PageFigures {
  readonly sources: Sources;
  readonly charts: readonly Chart[];
}

/** The figures and the charts that the records have for docs/why-mobilenets-collapse.md. */
export function pageFigures({
  explain,
  paperFigures,
  rearchitect,
  granularity,
  agreement,
  table,
}: PageRecords): PageFigures {
  const photographs = explain?.photographs;
  const trained = explain?.trained.length ? explain.trained : undefined;
  const { activations, photograph } = paperFigures ?? {};
  const charts = {
    'core-layers': coreLayerChart(),
    ...(explain && {
      alpha: alphaChart(explain),
      ranges: rangesChart(explain),
      levels: levelsChart(explain),
    }),
    ...(granularity && {
      'one-range': oneRangeChart(granularity),
      decibels: decibelsChart(granularity),
    }),
    ...(photographs && { sqnr: sqnrChart(photographs), clipped: clippedChart(photographs) }),
    ...(activations && { activations: activationsChart(activations) }),
    ...(rearchitect && {
      unexplained: unexplainedChart(rearchitect),
      images: imagesChart(rearchitect),
    }),
  };
  return {
    charts: Object.values(charts),
    sources: {
      chart: Object.fromEntries(
        Object.entries(charts).map(([name, chart]) => [name, chartMarkdown(chart)]),
      ),
      paper: paperAccuracies(),
      explain: explain ? explainFigures(explain) : notMeasured('bench:explain -- --record'),
      photographs: photographs
        ? photographsFigures(photographs)
        : notMeasured('bench:explain -- --imagenet DIR --record'),
      activations: activations
        ? activationsFigures(activations)
        : notMeasured('bench:figures -- --relu6 MODEL --relu MODEL --record'),
      photograph: photograph
        ? photographFigures(photograph)
        : notMeasured('bench:figures -- --imagenet DIR --record'),
      paperFigures: paperFigures
        ? { measured: measured(paperFigures) }
        : notMeasured('bench:figures -- --record'),
      trained: trained
        ? { table: trainedTable(trained) }
        : notMeasured('bench:explain -- --trained NAME=MODEL --record'),
      rearchitect: rearchitect
        ? rearchitectFigures(rearchitect)
        : notMeasured('bench:rearchitect -- --imagenet DIR --record'),
      granularity: granularity
        ? { ...granularityFigures(granularity), measured: measured(granularity) }
        : notMeasured('bench:granularity -- --imagenet DIR --record'),
      agreement: agreement
        ? agreementFigures(agreement)
        : notMeasured('bench:agreement -- --data DIR --record'),
      reading: table ? friendlyBesideOption1(table) : '*See the table, once it is measured.*',
      table: table
        ? tableFigures(table)
        : '*Not measured yet: `npx tf8 reproduce --dataset cifar10 --preset standard` measures it.*',
    },
  };
}

function notMeasured(script: string): string {
  return `*Not measured yet: \`npm run ${script}\` measures it.*`;
}

function agreementFigures(record: AgreementRecord): Figures {
  const { images, calibrationImages, networks } = record;
  return {
    images: String(images),
    calibrated: String(calibrationImages),
    table: markdownTable(
      ['network', 'weights', 'classes', 'same class, %', 'SQNR, dB'],
      networks.map(({ title, origin, classes, agreementPercent, sqnrDb }) => [
        title,
        origin,
        String(classes),
        tenth(agreementPercent),
        tenth(sqnrDb),
      ]),
      2,
    ),
    measured: measured(record),
  };
}

function paperAccuracies(): Figures {
  const { inceptionV3, published, option1, noDepthwiseBn, relu, friendly } = PAPER;
  return {
    float: tenth(published.floatTop1Percent),
    tf8: tenth(published.tf8Top1Percent),
    option1: option1.tf8Top1Percent.toFixed(2),
    inceptionFloat: tenth(inceptionV3.floatTop1Percent),
    inceptionTf8: tenth(inceptionV3.tf8Top1Percent),
    steps: markdownTable(
      ['network of the paper', 'float', 'TF8'],
      [
        ['MobileNetV1 as published', published],
        ['no batch norm and no ReLU6 after the depthwise', noDepthwiseBn],
        ['and ReLU instead of ReLU6 everywhere', relu],
        ['and L2 on the depthwise weights', friendly],
      ].map(([name, figures]) => {
        const { floatTop1Percent, tf8Top1Percent } = figures as typeof published;
        return [name as string, floatTop1Percent.toFixed(2), tf8Top1Percent.toFixed(2)];
      }),
      1,
    ),
  };
}

function explainFigures(record: ExplainRecord): Figures {
  const { depthwise, firstDepthwise } = record;
  const first = depthwise[0];
  const fewest = depthwise.reduce((a, b) =>
    b.asPublished.medianLevels < a.asPublished.medianLevels ? b : a,
  );
  const withDead = depthwise.filter(({ dead }) => dead > 0);
  return {
    network: record.network,
    epsilon: String(BATCH_NORM_EPSILON),
    largestFactor: short(1 / Math.sqrt(BATCH_NORM_EPSILON)),
    leastVariance: scientific(Math.min(...firstDepthwise.variance)),
    firstLayer: first.layer,
    firstChannels: String(first.channels),
    firstDead: String(first.dead),
    firstAlphaMax: short(first.alpha.max),
    firstAlphaMedian: short(first.alpha.median),
    firstLiveMedian: short(first.liveAlpha.median),
    firstMin: short(first.asPublished.min),
    firstMax: short(first.asPublished.max),
    firstStep: short(first.asPublished.scale),
    firstLevels: short(first.asPublished.medianLevels),
    firstZero: percent(first.asPublished.zeroShare),
    firstDb: tenth(first.asPublished.medianChannelDb),
    firstOption1Step: short(first.option1.scale),
    firstOption1Levels: short(first.option1.medianLevels),
    firstOption1Db: tenth(first.option1.medianChannelDb),
    fewestLayer: fewest.layer,
    fewestLevels: short(fewest.asPublished.medianLevels),
    fewestOption1: short(fewest.option1.medianLevels),
    dead: String(withDead.reduce((sum, { dead }) => sum + dead, 0)),
    deadLayers: String(withDead.length),
    layers: String(depthwise.length),
    table: markdownTable(
      [
        'layer',
        'channels',
        'dead',
        'α median',
        'α max',
        'step',
        'step, Option 1',
        'levels',
        'levels, Option 1',
        'dB',
        'dB, Option 1',
      ],
      depthwise.map(({ layer, channels, dead, alpha, liveAlpha, asPublished, option1 }) => [
        layer,
        String(channels),
        String(dead),
        short(liveAlpha.median),
        short(alpha.max),
        short(asPublished.scale),
        short(option1.scale),
        short(asPublished.medianLevels),
        short(option1.medianLevels),
        tenth(asPublished.medianChannelDb),
        tenth(option1.medianChannelDb),
      ]),
      1,
    ),
    measured: measured(record),
  };
}

function photographsFigures({ accuracy, layers, relu6, ...rest }: Photographs): Figures {
  const of = (layer: string) => layers.find((candidate) => candidate.layer === layer)!;
  const [depthwise, pointwise] = [of('Conv2d_1_depthwise'), of('Conv2d_1_pointwise')];
  const clipped = relu6.filter((layer) => layer.depthwise);
  const shares = clipped.map(({ clippedShare }) => clippedShare);
  const most = mostClipped(relu6);
  return {
    images: String(accuracy.images),
    float: tenth(accuracy.floatTop1Percent),
    asPublished: tenth(accuracy.asPublishedTop1Percent),
    option1: tenth(accuracy.option1Top1Percent),
    compared: String(rest.images),
    calibrated: String(rest.calibrationImages),
    dead: String(rest.dead),
    deadWithInput: rest.deadWithInput === 0 ? 'none' : String(rest.deadWithInput),
    firstDb: tenth(layers[0].asPublishedDb),
    depthwiseDb: tenth(depthwise.asPublishedDb),
    pointwiseDb: tenth(pointwise.asPublishedDb),
    depthwiseOption1Db: tenth(depthwise.option1Db),
    pointwiseOption1Db: tenth(pointwise.option1Db),
    logitsDb: tenth(layers.at(-1)!.asPublishedDb),
    logitsOption1Db: tenth(layers.at(-1)!.option1Db),
    clippedLeast: percent(Math.min(...shares)),
    clippedMost: percent(Math.max(...shares)),
    clippedLayer: most.layer,
    clippedEnergy: percent(most.clippedEnergy),
    pointwiseEnergy: percent(relu6.find(({ layer }) => layer === pointwise.layer)!.clippedEnergy),
    largest: short(Math.max(...clipped.map(({ max }) => max))),
  };
}

function trainedTable(trained: ExplainRecord['trained']): string {
  const [first] = trained;
  return markdownTable(
    ['layer', ...trained.map(({ name }) => name)],
    first.layers.map(({ layer }, index) => [
      layer,
      ...trained.map(({ layers }) => {
        const { min, max, medianLevels } = layers[index];
        return `${short(min)} … ${short(max)} (${short(medianLevels)})`;
      }),
    ]),
    1,
  );
}

function rearchitectFigures(record: RearchitectRecord): Figures {
  const { fits, originalTop1Percent, evaluatedImages } = record;
  const most = fits.at(-1)!;
  const worst = mostUnexplained(most.layers);
  return {
    network: record.network,
    evaluated: String(evaluatedImages),
    original: tenth(originalTop1Percent),
    images: String(most.images),
    float: tenth(most.floatTop1Percent),
    tf8: tenth(most.tf8Top1Percent),
    worstLayer: worst.layer,
    worst: percent(worst.share),
    fits: markdownTable(
      ['images', 'seconds', 'peak memory, MiB', 'float', 'TF8'],
      fits.map(({ images, seconds, peakMemoryMiB, floatTop1Percent, tf8Top1Percent }) => [
        String(images),
        seconds.toFixed(0),
        String(peakMemoryMiB),
        tenth(floatTop1Percent),
        tenth(tf8Top1Percent),
      ]),
      0,
    ),
    layers: markdownTable(
      ['layer', 'unexplained variance, %', 'λ', 'channels removed'],
      most.layers.map(({ layer, unexplainedVariance, lambda, deadChannels }) => [
        layer,
        unexplainedVariance === null ? '–' : percent(unexplainedVariance),
        String(lambda),
        String(deadChannels),
      ]),
      1,
    ),
    measured: measured(record),
  };
}

function tableFigures({ rows, notes, command, environment }: RunRecord): Figures {
  return {
    table: accuracyTable(rows),
    notes: notes.map((note) => `- ${note}`).join('\n'),
    command,
    measured: measuredWith(environment),
  };
}

function measured({ date, environment }: { date: string; environment: Environment }): string {
  return `${measuredWith(environment)}, ${date}`;
}

function measuredWith({ processor, threads, backend, node, commit }: Environment): string {
  return `${processor}, ${threads} threads, ${backend}, Node ${node}, commit ${commit.slice(0, 10)}`;
}

/** 3.9e-35 as "3.9 · 10⁻³⁵". */
function scientific(value: number): string {
  const [digits, exponent] = value.toExponential(1).split('e');
  const raised = Number(exponent)
    .toString()
    .replace(/./g, (sign) => (sign === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)]));
  return `${digits} · 10${raised}`;
}
