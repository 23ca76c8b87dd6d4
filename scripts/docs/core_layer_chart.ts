import { FRIENDLY, STANDARD, type Variant } from '../../architectures/variants.ts';
import type { Chart } from '../../workflows/charts/chart.ts';
import { colour, WIDTH } from '../../workflows/charts/style.ts';

type Kind = 'convolution' | 'other';

/** A box over some of a row's places; `from` and `to` count places, both included. */
interface Box {
  readonly text: string;
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
}

interface Row {
  readonly label: string;
  readonly boxes: readonly Box[];
}

const PLACES = 6;
const PLACE = { width: WIDTH / PLACES, gap: 10 };
const ROW = { height: 62, box: 30 };

/** The standard core layer and the friendly one, as trained and as folded for TF8. */
export function coreLayerChart(): Chart {
  const rows = [STANDARD, FRIENDLY].flatMap((variant): Row[] => [
    { label: `${variant.name}, as trained`, boxes: trained(variant) },
    { label: `${variant.name}, folded: what becomes bytes`, boxes: folded(variant) },
  ]);
  const placed = rows.flatMap(({ boxes }, row) => boxes.map((box) => place(box, row)));
  const arrows = rows.flatMap(({ boxes }, row) =>
    boxes.slice(1).map((box, index) => {
      const [before, after] = [place(boxes[index]!, row), place(box, row)];
      return { x: before.x2, x2: after.x, y: before.middle };
    }),
  );
  const told = rows.map(
    ({ label, boxes }) => `${label}: ${boxes.map(({ text }) => text).join(' → ')}`,
  );
  return {
    name: 'core-layers',
    title: 'The core layer of MobileNetV1, and the friendly one',
    description: `Boxes from left to right. ${told.join('. ')}.`,
    spec: {
      width: WIDTH,
      height: rows.length * ROW.height,
      encoding: {
        x: { field: 'x', type: 'quantitative', axis: null, scale: { domain: [0, WIDTH] } },
        y: {
          field: 'y',
          type: 'quantitative',
          axis: null,
          scale: { domain: [rows.length * ROW.height, 0] },
        },
      },
      layer: [
        {
          data: {
            values: rows.map(({ label }, row) => ({ label, x: 0, y: row * ROW.height + 10 })),
          },
          mark: { type: 'text', align: 'left', fontSize: 12, color: colour('muted') },
          encoding: { text: { field: 'label', type: 'nominal' } },
        },
        {
          data: { values: arrows },
          mark: { type: 'rule', color: colour('muted') },
          encoding: { x2: { field: 'x2' } },
        },
        {
          data: { values: arrows.map(({ x2, y }) => ({ x: x2 - 4, y })) },
          mark: {
            type: 'point',
            shape: 'triangle-right',
            size: 40,
            filled: true,
            color: colour('muted'),
          },
        },
        ...(['convolution', 'other'] as const).map((kind) => ({
          data: { values: placed.filter((box) => box.kind === kind) },
          mark: {
            type: 'rect' as const,
            cornerRadius: 3,
            fill: colour('panel'),
            stroke: colour(kind === 'convolution' ? 'blue' : 'vermilion'),
            strokeWidth: 1.5,
          },
          encoding: { x2: { field: 'x2' }, y2: { field: 'y2' } },
        })),
        {
          data: {
            values: placed.map(({ text, center, middle }) => ({ text, x: center, y: middle })),
          },
          mark: { type: 'text', fontSize: 10.5, color: colour('ink') },
          encoding: { text: { field: 'text', type: 'nominal' } },
        },
      ],
    },
  };
}

function place({ from, to, ...box }: Box, row: number) {
  const [x, x2] = [from * PLACE.width, (to + 1) * PLACE.width - PLACE.gap];
  const y = row * ROW.height + 22;
  return { ...box, x, x2, y, y2: y + ROW.box, center: (x + x2) / 2, middle: y + ROW.box / 2 };
}

/** What a variant lacks leaves its place empty. */
function trained({ depthwiseBatchNorm, depthwiseActivation, activation }: Variant): Box[] {
  const boxes: (Omit<Box, 'from' | 'to'> | undefined)[] = [
    { text: 'depthwise 3 × 3', kind: 'convolution' },
    depthwiseBatchNorm ? { text: 'batch norm', kind: 'other' } : undefined,
    named(depthwiseActivation),
    { text: 'pointwise 1 × 1', kind: 'convolution' },
    { text: 'batch norm', kind: 'other' },
    named(activation),
  ];
  return boxes.flatMap((box, at) => (box === undefined ? [] : [{ ...box, from: at, to: at }]));
}

/** Batch norms are in the weights, and activations are bounds of the output's bytes. */
function folded({ depthwiseBatchNorm, depthwiseActivation, activation }: Variant): Box[] {
  const text = (convolution: string, batchNorm: boolean, kind: Activation) =>
    [`${convolution}, ${batchNorm ? 'weights α · w' : 'weights w'}`, named(kind)?.text]
      .filter((part) => part !== undefined)
      .join(', ');
  const half = PLACES / 2;
  return [
    {
      text: text('depthwise', depthwiseBatchNorm, depthwiseActivation),
      kind: 'convolution',
      from: 0,
      to: half - 1,
    },
    { text: text('pointwise', true, activation), kind: 'convolution', from: half, to: PLACES - 1 },
  ];
}

type Activation = Variant['activation'] | Variant['depthwiseActivation'];

function named(activation: Activation): Omit<Box, 'from' | 'to'> | undefined {
  switch (activation) {
    case 'relu6':
      return { text: 'ReLU6', kind: 'other' };
    case 'relu':
      return { text: 'ReLU', kind: 'other' };
    case 'linear':
      return undefined;
  }
}
