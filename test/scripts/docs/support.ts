import { join } from 'node:path';
import { type PageRecords, readRecords } from '../../../scripts/docs/records.ts';
import { accuracyRow } from '../../../workflows/records/accuracy_row.ts';
import type { GranularityRecord } from '../../../workflows/records/granularity_record.ts';
import type { PaperFiguresRecord } from '../../../workflows/records/paper_figures_record.ts';
import type { RearchitectRecord } from '../../../workflows/records/rearchitect_record.ts';
import type { PublishedTable } from '../../../workflows/records/run_record.ts';

export const ROOT = join(import.meta.dirname, '../../..');

const ENVIRONMENT = {
  tf8: '0.1.0',
  commit: '0123456789abcdef',
  node: '20.0.0',
  backend: 'tensorflow 2.15.1',
  processor: 'A processor',
  threads: 2,
};

const fitOn = (images: number, floatTop1Percent: number, shares: readonly (number | null)[]) => ({
  images,
  seconds: images / 5,
  peakMemoryMiB: 1234,
  floatTop1Percent,
  tf8Top1Percent: floatTop1Percent - 3,
  layers: shares.map((unexplainedVariance, index) => ({
    layer: `Conv2d_${index + 1}_pointwise`,
    unexplainedVariance,
    lambda: 0.001,
    deadChannels: index,
  })),
});

export const REARCHITECT: RearchitectRecord = {
  date: '2026-01-02',
  environment: ENVIRONMENT,
  network: 'a_network',
  variant: 'friendly',
  seed: 0,
  data: '',
  evaluatedImages: 99,
  calibrationImages: 200,
  originalTop1Percent: 91.2,
  fits: [fitOn(10, 20.4, [null, null]), fitOn(200, 44.4, [0.125, 0.331])],
};

const layersWith = (drop: number, clipped?: { share: number; db: number }) =>
  ['Conv2d_0', 'Conv2d_1_depthwise', 'Conv2d_1_pointwise', 'Conv2d_1c_1x1'].map((layer, at) => ({
    layer,
    cumulativeDb: 40 - drop * at,
    standardDeviationDb: 1,
    weightsDb: 30 + at,
    outputDb: at === 0 ? null : 50 - at,
    ...(clipped && layer.endsWith('pointwise') && { clipped }),
  }));

const PAPER_FIGURES: PaperFiguresRecord = {
  date: '2026-01-02',
  environment: ENVIRONMENT,
  activations: {
    dataset: 'cifar10',
    data: '',
    images: 30,
    imagesPerClass: 3,
    calibrationImages: 200,
    kernelTier: 'wasm',
    relu6: {
      name: 'no-depthwise-bn',
      weightsSha256: '',
      layers: layersWith(7.25, { share: 0.123, db: 6.5 }),
    },
    relu: { name: 'relu', weightsSha256: '', layers: layersWith(5) },
  },
  photograph: {
    network: 'a_network',
    weightsSha256: '',
    image: 'wolf.JPEG',
    label: 'white wolf',
    calibrationImages: 200,
    float: [{ name: 'white wolf', probability: 0.75 }],
    asPublished: [{ name: 'wool', probability: 0.0625 }],
    option1: [{ name: 'fox', probability: 0.5 }],
  },
};

const outcome = (top1Percent: number, logitsDb: number) => ({
  top1Percent,
  agreementPercent: top1Percent + 1,
  logitsDb,
});

const simulated = (
  weights: 'float' | 'tensor' | 'depthwise-channel' | 'channel',
  activations: 'float' | 'tensor',
  measured: ReturnType<typeof outcome>,
  zeroVariance: 'keep' | 'mean' = 'keep',
) => ({ zeroVariance, weights, activations, calibrationImages: 200, ...measured });

const GRANULARITY: GranularityRecord = {
  date: '2026-01-02',
  command: 'npm run bench:granularity -- --imagenet DIR --record',
  environment: ENVIRONMENT,
  seed: 0,
  kernelTier: 'wasm',
  channels: {
    layer: 'Conv2d_1_depthwise',
    min: -25.5,
    max: 25.5,
    widest: { channel: 3, weights: [-25.5, 0, 25.5] },
    median: { channel: 1, weights: [-1, 0.11, 1.55] },
  },
  networks: [
    {
      name: 'a_network',
      weightsSha256: '',
      dataset: 'imagenet',
      data: '',
      images: 50,
      floatTop1Percent: 90,
      linearDepthwiseTop1Percent: 0.5,
      integers: [
        { zeroVariance: 'keep', calibrationImages: 200, ...outcome(5, -0.25) },
        { zeroVariance: 'mean', calibrationImages: 200, ...outcome(60, 4) },
      ],
      simulated: [
        simulated('float', 'tensor', outcome(89.5, 28)),
        simulated('channel', 'float', outcome(89, 16)),
        simulated('channel', 'tensor', outcome(88.5, 15)),
        simulated('depthwise-channel', 'tensor', outcome(86, 12)),
        simulated('tensor', 'float', outcome(5.5, -0.125)),
        simulated('tensor', 'tensor', outcome(5, -0.25)),
        simulated('tensor', 'float', outcome(60.5, 4.5), 'mean'),
        simulated('tensor', 'tensor', outcome(60, 4), 'mean'),
      ],
    },
  ],
};

const TABLE: PublishedTable = {
  name: 'reproduce-cifar10-standard',
  command: 'npx tf8 reproduce',
  configuration: {},
  environment: ENVIRONMENT,
  data: {},
  kernelTier: 'wasm',
  networks: {},
  rows: [
    accuracyRow({ row: 'standard', network: 'standard', dataset: 'cifar10', recipe: 'finetune' }, [
      {
        seed: 0,
        images: 500,
        floatTop1Percent: 80.5,
        tf8Top1Percent: 61.25,
        weightsSha256: '0'.repeat(64),
        record: 'networks/a',
      },
    ]),
  ],
  notes: ['A note.'],
  timing: { seconds: 1, rows: { standard: { trainingSeconds: 60, measuringSeconds: 5 } } },
};

const committed = await readRecords(join(ROOT, 'bench', 'results'));

/** The committed record of the published network, and made-up ones of what takes long to measure. */
export const RECORDS: PageRecords & { readonly explain: NonNullable<PageRecords['explain']> } = {
  explain: {
    ...committed.explain!,
    trained: [{ name: 'friendly', weightsSha256: '', layers: trainedLayers() }],
  },
  paperFigures: PAPER_FIGURES,
  rearchitect: REARCHITECT,
  granularity: GRANULARITY,
  agreement: committed.agreement,
  models: undefined,
  recipes: undefined,
  quantizationAware: undefined,
  workers: undefined,
  table: TABLE,
  ways: undefined,
  quick: undefined,
  quickElsewhere: [],
  tableElsewhere: [],
  trainings: [],
};

function trainedLayers() {
  return [{ layer: 'Conv2d_1_depthwise', min: -1.25, max: 2, medianLevels: 77 }];
}
