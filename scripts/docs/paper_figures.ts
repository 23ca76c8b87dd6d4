import { type Chart, COLOURS, LAYERS, shortLayer } from '../../workflows/charts/chart.ts';
import { percent, tenth } from '../../workflows/charts/format.ts';
import { WIDTH } from '../../workflows/charts/style.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { PaperFiguresRecord } from '../../workflows/records/paper_figures_record.ts';

type Activations = NonNullable<PaperFiguresRecord['activations']>;
type Photograph = NonNullable<PaperFiguresRecord['photograph']>;
type Guesses = Photograph['float'];

/** What the paper's network takes a photograph of a white wolf for (arXiv 1803.08607). */
const PAPER_WOLF = {
  float: [
    { name: 'white wolf', probability: 0.946 },
    { name: 'timber wolf', probability: 0.0277 },
    { name: 'ice bear', probability: 0.0126 },
    { name: 'Eskimo dog', probability: 0.0046 },
    { name: 'dingo', probability: 0.0033 },
  ],
  tf8: [
    { name: 'window shade', probability: 0.328 },
    { name: 'window screen', probability: 0.204 },
    { name: 'paper towel', probability: 0.06 },
    { name: 'handkerchief', probability: 0.029 },
    { name: 'doormat', probability: 0.023 },
  ],
} as const satisfies Record<string, Guesses>;

const WITH_RELU6 = 'ReLU6';
const WITH_RELU = 'ReLU';

/** The SQNR of each layer's output, with ReLU6 and with ReLU. */
export function activationsChart({ relu6, relu, images }: Activations): Chart {
  const rows = ({ layers }: Activations['relu'], activation: string) =>
    layers.map(({ layer, cumulativeDb }) => ({
      layer: shortLayer(layer),
      activation,
      db: cumulativeDb,
    }));
  const ends = ({ layers }: Activations['relu']) =>
    `from ${tenth(layers[0].cumulativeDb)} dB at the first layer to ${tenth(layers.at(-1)!.cumulativeDb)} dB at the logits`;
  return {
    name: 'activations',
    title: 'SQNR of each layer’s output with ReLU6 and with ReLU (dB)',
    description: `Lines over the layers, the mean of ${images} images. With ReLU6 it goes ${ends(relu6)}, with ReLU ${ends(relu)}.`,
    spec: {
      width: WIDTH,
      height: 230,
      data: { values: [...rows(relu6, WITH_RELU6), ...rows(relu, WITH_RELU)] },
      mark: { type: 'line', strokeWidth: 2, point: { size: 25 } },
      encoding: {
        x: LAYERS,
        y: { field: 'db', type: 'quantitative', title: 'SQNR (dB)' },
        color: {
          field: 'activation',
          type: 'nominal',
          scale: { domain: [WITH_RELU6, WITH_RELU], range: [COLOURS.bad, COLOURS.good] },
        },
      },
    },
  };
}

/** The figures of the first block, where the paper's curve drops, and of the logits. */
export function activationsFigures(record: Activations): Readonly<Record<string, string>> {
  const { relu6, relu } = record;
  const of = ({ layers }: Activations['relu'], name: string) =>
    layers.find(({ layer }) => layer === name)!;
  const [first, depthwise, pointwise] = ['Conv2d_0', 'Conv2d_1_depthwise', 'Conv2d_1_pointwise'];
  const figuresOf = (network: Activations['relu'], prefix: string) => ({
    [`${prefix}Name`]: network.name,
    [`${prefix}First`]: tenth(of(network, first).cumulativeDb),
    [`${prefix}Depthwise`]: tenth(of(network, depthwise).cumulativeDb),
    [`${prefix}Pointwise`]: tenth(of(network, pointwise).cumulativeDb),
    [`${prefix}Logits`]: tenth(network.layers.at(-1)!.cumulativeDb),
    [`${prefix}Weights`]: tenth(of(network, depthwise).weightsDb),
    [`${prefix}Output`]: decibels(of(network, pointwise).outputDb),
  });
  const { clipped } = of(relu6, pointwise);
  return {
    dataset: record.dataset,
    images: String(record.images),
    perClass: String(record.imagesPerClass),
    calibrated: String(record.calibrationImages),
    ...figuresOf(relu6, 'relu6'),
    ...figuresOf(relu, 'relu'),
    clippedShare: percent(clipped!.share),
    clippedDb: decibels(clipped!.db),
  };
}

/** Both lists of a photograph beside the paper's. */
export function photographFigures(record: Photograph): Readonly<Record<string, string>> {
  const lists = [
    PAPER_WOLF.float,
    PAPER_WOLF.tf8,
    record.float,
    record.asPublished,
    record.option1,
  ];
  return {
    image: record.image,
    label: record.label,
    calibrated: String(record.calibrationImages),
    table: markdownTable(
      ['paper: float', 'paper: TF8', 'float', 'TF8', 'TF8, Option 1'],
      record.float.map((_, place) => lists.map((list) => guess(list[place]))),
      lists.length,
    ),
  };
}

function guess(entry: Guesses[number] | undefined): string {
  return entry === undefined ? '' : `${entry.name} ${percent(entry.probability)}`;
}

function decibels(db: number | null): string {
  return db === null ? '∞' : tenth(db);
}
