import type {
  Histogram,
  LayerAnalysis,
  SqnrStatistics,
  TensorAnalysis,
  WeightAnalysis,
} from '../../../quantize/analyze/analysis.ts';
import type { WordedAnalysis } from '../../../workflows/records/analysis_record.ts';
import type { Samples } from '../../../workflows/records/samples.ts';
import type { ReportParts } from '../../../workflows/report/report_parts.ts';
import type { WrittenReport } from '../../../workflows/report/write_content.ts';
import { writeReport } from '../../../workflows/report/write_report.ts';
import { contextOf } from '../../scripts/support.ts';
import { RECORD, TIMING } from '../records/support.ts';

/** A name that would end elements, attributes, scripts and folders if it were taken as it is. */
export const HOSTILE = `../<script>alert("x")</script>'&--><!--\${1}`;

/** Layers of made-up figures: the first has dead channels, the last loses nothing. */
export function analysisOf(names: readonly string[]): WordedAnalysis {
  const layers = names.map((name, at) => ({
    ...layerOf(name, at, at === names.length - 1),
    inputs: [names[at - 1] ?? 'input'],
  }));
  return {
    model: 'a_model',
    images: 3,
    effectImages: 2,
    input: {
      ...tensorOf(0.0078, 128),
      name: 'input',
      logitsDb: 40,
      saturationDb: Infinity,
      roundingDb: 45,
    },
    layers,
    diagnosis: [
      {
        layer: names[0],
        cause: 'deadChannels',
        cost: { layer: 0.5, cause: 0.75 },
        explanation: 'Two channels of zero variance stretch the range of the weights.',
        remedy: 'Option 1: --zero-variance mean',
        evidence: { blownUpChannels: 2, medianLevels: 3.5 },
      },
    ],
  };
}

function layerOf(name: string, at: number, lossless: boolean): LayerAnalysis {
  const localSqnrDb = lossless ? Infinity : 8 + ((7 * at) % 23);
  const cumulativeSqnrDb = 20 - (15 * at) / (at + 5);
  return {
    name,
    op: at % 2 === 1 ? 'depthwiseConv2d' : 'conv2d',
    inputs: ['input'],
    activation: 'relu6',
    localSqnrDb,
    local: statisticsOf(localSqnrDb),
    cumulativeSqnrDb,
    cumulative: statisticsOf(cumulativeSqnrDb),
    causes: {
      inputQuantization: 35 + (at % 4),
      weightQuantization: lossless ? Infinity : localSqnrDb + 1,
      saturation: Infinity,
      activationRequantization: 38,
      relu6Clipping: at === 0 ? 12 : -Infinity,
    },
    output: tensorOf(0.0235, 0),
    logits: { onlyWeights: localSqnrDb + 5, onlyOutput: lossless ? Infinity : 35 },
    deadChannels: at === 0 ? 2 : 0,
    ...(lossless ? {} : { weights: weightsOf(at), relu6: { clippedShare: 0.03, linearMax: 17 } }),
  };
}

function statisticsOf(db: number): SqnrStatistics {
  return {
    meanDb: db,
    standardDeviationDb: 1,
    minDb: db - 3,
    lowerQuartileDb: db - 1,
    medianDb: db,
    upperQuartileDb: db + 1,
    maxDb: db + 3,
    pooledDb: db,
    losslessImages: 0,
  };
}

function tensorOf(scale: number, zeroPoint: number): TensorAnalysis {
  const [min, max] = [-scale * zeroPoint, scale * (255 - zeroPoint)];
  return {
    shape: [4, 4, 16],
    quantization: { scale, zeroPoint },
    representable: { min, max },
    observed: { min, max: max * 0.9 },
    rangeInUse: 0.9,
    codesInUse: 0.8,
    histogram: histogramOf(zeroPoint, 60),
  };
}

function histogramOf(centre: number, width: number): Histogram {
  const counts = Array.from({ length: 256 }, (_, byte) =>
    Math.floor(1000 * Math.exp(-(((byte - centre) / width) ** 2))),
  );
  return { counts, below: 0, above: 0.01 };
}

function weightsOf(at: number): WeightAnalysis {
  const channels = 16;
  const each = (value: (channel: number) => number) =>
    Array.from({ length: channels }, (_, c) => value(c));
  return {
    quantization: { scale: 0.1, zeroPoint: 120 },
    range: { min: -12, max: 13.5 },
    histogram: histogramOf(120, 8),
    sqnrDb: 9,
    channels: {
      min: each((channel) => (channel < 2 ? -12 : -0.3 - 0.02 * channel)),
      max: each((channel) => (channel < 2 ? 13.5 : 0.4)),
      levels: each((channel) => (channel < 2 ? 256 : 8)),
      medianLevels: 8,
      medianShare: 0.03,
      wideChannels: [0, 1],
      batchNorm: {
        alpha: each((channel) => (channel < 2 ? 30 : 0.5 + 0.1 * channel)),
        variance: each((channel) => (channel < 2 ? 0 : 1)),
        dead: at === 0 ? [0, 1] : [],
        outliers: [5],
      },
    },
    accumulator: { biasMax: 12_345, biasChannel: 3, bound: 1e6, headroomBits: 11 },
  };
}

/** 8 × 8 grey pixels. */
const JPEG =
  '/9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAAAP/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AKAA/9k=';

export function samplesOf(label: string): Samples {
  const guesses = [label, 'another class'].map((name, rank) => ({
    name,
    probability: rank === 0 ? 0.8 : 0.1,
  }));
  return {
    selection: 'the first 1 of imagenet in the order of seed 0, none picked out',
    images: [{ image: 'n0/0.jpg', label, jpeg: JPEG, float: guesses, tf8: guesses }],
  };
}

/** A run that has everything. */
export function wholeRun(): ReportParts {
  const { name, command, environment, kernelTier, data, notes, configuration } = RECORD;
  return {
    run: {
      name,
      command,
      environment,
      kernelTier,
      data,
      notes,
      configuration,
      timing: TIMING,
      weights: { 'networks/standard-0': '0'.repeat(64) },
    },
    table: RECORD,
    analysis: analysisOf(['Conv2d_0', 'Conv2d_1_depthwise', 'Conv2d_1_pointwise', 'logits']),
    samples: samplesOf('a class'),
  };
}

/** A run whose every text from data is hostile. */
export function hostileRun(): ReportParts {
  const { run, table } = wholeRun();
  const analysis = analysisOf([HOSTILE, 'logits']);
  const [finding] = analysis.diagnosis;
  return {
    run: {
      ...run,
      name: HOSTILE,
      command: HOSTILE,
      environment: { ...run.environment, processor: HOSTILE },
      data: { [HOSTILE]: { dataset: HOSTILE, sha256: HOSTILE } },
      weights: { [HOSTILE]: HOSTILE },
      notes: [HOSTILE],
      configuration: { [HOSTILE]: HOSTILE },
    },
    table: {
      rows: table!.rows.map((row) => ({
        ...row,
        network: HOSTILE,
        dataset: HOSTILE,
        recipe: HOSTILE,
      })),
    },
    analysis: {
      ...analysis,
      model: HOSTILE,
      diagnosis: [
        { ...finding, explanation: HOSTILE, remedy: HOSTILE, evidence: { [HOSTILE]: 1 } },
      ],
    },
    samples: { ...samplesOf(HOSTILE), selection: HOSTILE },
  };
}

export function write(parts: ReportParts, dir: string): Promise<WrittenReport> {
  return writeReport(parts, dir, contextOf());
}
