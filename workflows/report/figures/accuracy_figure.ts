import { tenth } from '../../charts/format.ts';
import { colour } from '../../charts/style.ts';
import type { AccuracyRow } from '../../records/accuracy_row.ts';
import type { Figure } from '../figure.ts';

/** Pixels of a network: its name and two lines. */
const ROW = 58;
const NAME = 'name';

const OURS = 'this run';
const PAPER = 'the paper, on ImageNet';
const PAPER_KEY = [
  { label: `${PAPER}: float`, colour: 'muted', shape: 'ring' },
  { label: 'TF8', colour: 'muted', shape: 'circle' },
] as const;
const WHO = {
  field: 'who',
  type: 'nominal' as const,
  scale: { domain: [OURS, PAPER], range: [colour('blue'), colour('muted')] },
};

/** From float to TF8, a line for each network; the paper's below ours. */
export function accuracyFigure(rows: readonly AccuracyRow[]): Figure {
  const manyDatasets = new Set(rows.map(({ dataset }) => dataset)).size > 1;
  const values = rows.flatMap((row) => {
    const network = manyDatasets ? `${row.network}, ${row.dataset}` : row.network;
    const { floatTop1Percent: float, tf8Top1Percent: tf8, paper } = row;
    return [
      { network, who: OURS, float, tf8, change: `${tenth(float)} → ${tenth(tf8)}` },
      ...(paper === undefined ? [] : [paperValues(network, paper)]),
    ];
  });
  const tooltip = [
    { field: 'network', title: 'network' },
    { field: 'who', title: 'measured by' },
    { field: 'change', title: 'float → TF8, top-1 %' },
  ];
  const top1 = (field: string) => ({
    field,
    type: 'quantitative' as const,
    scale: { domain: [0, 100] },
    axis: { title: 'top-1 (%)', tickCount: 5, domain: false, ticks: false },
  });
  const y = { field: 'network', type: 'nominal' as const, sort: null, axis: null };
  // Names stand above their lines: beside them they would take half of a narrow window.
  const slots = { type: 'nominal' as const, scale: { domain: [NAME, OURS, PAPER] } };
  const line = { y, yOffset: { field: 'who', ...slots }, color: WHO, tooltip };
  return {
    name: 'accuracy',
    title: 'Top-1 accuracy, float and TF8',
    description: rows.map(inWords).join(' '),
    key: [
      { label: `${OURS}: float`, colour: 'blue', shape: 'ring' },
      { label: 'TF8', colour: 'blue', shape: 'circle' },
      ...(rows.some(({ paper }) => paper !== undefined) ? PAPER_KEY : []),
    ],
    spec: {
      width: 620,
      height: ROW * rows.length,
      datasets: { networks: values },
      data: { name: 'networks' },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { ...line, x: top1('tf8'), x2: { field: 'float' } },
        },
        {
          mark: { type: 'point', size: 60, strokeWidth: 2, fill: colour('paper') },
          encoding: { ...line, x: top1('float') },
        },
        {
          mark: { type: 'point', filled: true, size: 80 },
          encoding: { ...line, x: top1('tf8') },
        },
        {
          transform: [{ filter: { field: 'who', equal: OURS } }],
          mark: { type: 'text', align: 'left', fontSize: 12, color: colour('ink') },
          encoding: {
            x: { value: 0 },
            y,
            yOffset: { datum: NAME, ...slots },
            text: { field: 'network', type: 'nominal' },
          },
        },
      ],
    },
  };
}

function paperValues(network: string, paper: NonNullable<AccuracyRow['paper']>) {
  const { floatTop1Percent: float, tf8Top1Percent: tf8 } = paper;
  const change = `${float === undefined ? 'not given' : tenth(float)} → ${tenth(tf8)}`;
  return { network, who: PAPER, ...(float !== undefined && { float }), tf8, change };
}

function inWords({ network, dataset, floatTop1Percent, tf8Top1Percent }: AccuracyRow): string {
  return `${network} on ${dataset}: ${tenth(floatTop1Percent)} % in float, ${tenth(tf8Top1Percent)} % in TF8.`;
}
