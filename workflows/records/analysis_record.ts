import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import type { Advice, Analysis, Finding } from '../../quantize/analyze/analysis.ts';
import { OP_NAMES } from '../../quantize/ops/table.ts';
import { ROUNDINGS } from '../../quantize/params/roundings.ts';
import { environmentSchema } from './environment.ts';
import { RUN_FILE } from './run_file.ts';
import { readPart } from './run_record.ts';

const LOSSLESS = 'lossless';
const NO_SIGNAL = 'noSignal';

/** JSON has no infinite numbers. */
export const decibels = z.union([
  z.number(),
  z.literal(LOSSLESS).transform(() => Infinity),
  z.literal(NO_SIGNAL).transform(() => -Infinity),
]);
/** For `JSON.stringify`: the names that `decibels` reads. */
export function decibelsInJson(_: string, value: unknown): unknown {
  if (value === Infinity) return LOSSLESS;
  return value === -Infinity ? NO_SIGNAL : value;
}

const share = z.number().min(0).max(1);
const count = z.int().min(0);
const range = z.strictObject({ min: z.number(), max: z.number() });
export const quantizationSchema = z.strictObject({
  scale: z.number().positive(),
  zeroPoint: z.int().min(0).max(255),
});
const histogram = z.strictObject({
  counts: z.array(count).length(256),
  below: share,
  above: share,
});

const statistics = z.strictObject({
  meanDb: decibels,
  standardDeviationDb: z.number().min(0),
  minDb: decibels,
  lowerQuartileDb: decibels,
  medianDb: decibels,
  upperQuartileDb: decibels,
  maxDb: decibels,
  pooledDb: decibels,
  losslessImages: count,
});

const tensor = {
  shape: z.tuple([count, count, count]),
  quantization: quantizationSchema,
  representable: range,
  observed: range,
  rangeInUse: share,
  codesInUse: share,
  histogram,
};

/** Of a layer's weights. */
export const weightsSchema = z.strictObject({
  quantization: quantizationSchema,
  channelScales: z.array(z.number().positive()).exactOptional(),
  range,
  histogram,
  sqnrDb: decibels,
  channels: z.strictObject({
    min: z.array(z.number()),
    max: z.array(z.number()),
    levels: z.array(z.int().min(1).max(256)),
    medianLevels: z.number().min(1).max(256),
    medianShare: share,
    wideChannels: z.array(count),
    batchNorm: z
      .strictObject({
        alpha: z.array(z.number()),
        variance: z.array(z.number().min(0)),
        dead: z.array(count),
        outliers: z.array(count),
      })
      .exactOptional(),
  }),
  accumulator: z.strictObject({
    biasMax: count,
    biasChannel: count,
    bound: count,
    headroomBits: z.number().min(0),
  }),
});

const logits = z.strictObject({ onlyWeights: decibels, onlyOutput: decibels });

const layer = z.strictObject({
  name: z.string(),
  op: z.enum(OP_NAMES),
  inputs: z.array(z.string()),
  activation: z.enum(['linear', 'relu', 'relu6']),
  localSqnrDb: decibels,
  local: statistics,
  cumulativeSqnrDb: decibels,
  cumulative: statistics,
  causes: z.strictObject({
    inputQuantization: decibels,
    weightQuantization: decibels,
    saturation: decibels,
    activationRequantization: decibels,
    relu6Clipping: decibels,
  }),
  logits,
  outputs: z.record(z.string(), logits).exactOptional(),
  output: z.strictObject(tensor),
  deadChannels: count,
  weights: weightsSchema.exactOptional(),
  relu6: z.strictObject({ clippedShare: share, linearMax: z.number() }).exactOptional(),
});

const finding = z.strictObject({
  layer: z.string(),
  cause: z.enum([
    'deadChannels',
    'weightRange',
    'weightQuantization',
    'saturation',
    'rangeTooWide',
    'activationRequantization',
    'inputQuantization',
    'unevenInputs',
    'relu6Clipping',
    'overflowRisk',
  ]),
  cost: z.strictObject({ layer: z.number().min(0), cause: z.number().min(0) }),
  explanation: z.string(),
  /** In words. */
  remedy: z.string(),
  /** What to call for it; absent in older records. */
  commands: z.array(z.string()).exactOptional(),
  /** The same as data; absent in older records. */
  advice: z
    .strictObject({
      code: z.enum([
        'meanVariance',
        'equalizeChannels',
        'evenWeights',
        'calibrateOnMore',
        'calibrateOnTypical',
        'evenOutputs',
        'samePreprocessing',
        'replaceRelu6',
        'smallerSums',
      ]),
      network: z.enum(['standard', 'rebuilt', 'other']),
    })
    .exactOptional(),
  evidence: z.record(z.string(), decibels),
});

const percent = z.number().min(0).max(100);
const accuracy = z.strictObject({ top1: percent, top5: percent });

const wholeAccuracy = z.strictObject({
  images: z.int().min(1),
  float: accuracy,
  tf8: accuracy,
  onlyFloatRight: count.exactOptional(),
  onlyTf8Right: count.exactOptional(),
});

const partialAccuracy = wholeAccuracy.extend({
  onlyWeights: accuracy,
  onlyActivations: accuracy,
  layers: z.array(z.strictObject({ layer: z.string(), onlyThis: accuracy, allButThis: accuracy })),
});

const agreement = z.strictObject({ images: z.int().min(1), agreeing: count });

const profile = z.strictObject({
  name: z.enum(ROUNDINGS),
  layers: z.array(
    z.strictObject({
      layer: z.string(),
      elements: count,
      differingHere: count,
      differing: count,
      maxDifference: count,
      sqnrDb: decibels,
      defaultSqnrDb: decibels.exactOptional(),
    }),
  ),
  agreement: agreement.exactOptional(),
  default: z.strictObject({ agreement, accuracy: wholeAccuracy.exactOptional() }).exactOptional(),
});

/** A finding with its remedy in words. */
export interface WordedFinding extends Omit<Finding, 'advice'> {
  readonly remedy: string;
  /** What to call for it, as the caller's users do; absent in older records. */
  readonly commands?: readonly string[];
  /** Absent in older records. */
  readonly advice?: Advice;
}

/** An analysis as it is shown and recorded. */
export interface WordedAnalysis extends Omit<Analysis, 'diagnosis'> {
  /** How much is lost, and by what most of it; absent in older records. */
  readonly verdict?: string;
  readonly diagnosis: readonly WordedFinding[];
}

/** Reads the JSON of an analysis back: "lossless" becomes Infinity, "noSignal" −Infinity. */
export const analysisSchema = z.strictObject({
  model: z.string(),
  verdict: z.string().exactOptional(),
  images: z.int().min(1),
  effectImages: z.int().min(1),
  input: z.strictObject({
    name: z.string(),
    saturationDb: decibels,
    roundingDb: decibels,
    logitsDb: decibels,
    ...tensor,
  }),
  outputs: z.array(z.string()).exactOptional(),
  layers: z.array(layer),
  diagnosis: z.array(finding),
  agreement: agreement.exactOptional(),
  accuracy: z.union([partialAccuracy, wholeAccuracy]).exactOptional(),
  profile: profile.exactOptional(),
}) satisfies z.ZodType<WordedAnalysis>;

const dataIdentity = z.strictObject({
  dataset: z.string(),
  /** `Dataset.fingerprint`. */
  sha256: z.string(),
  images: z.int().min(1),
});

/** What an analysis was made of. The same command, seed and machine give the same bytes. */
export const analyzeRunSchema = z.strictObject({
  /** "analyze-" and the model's name in lower case. */
  name: z.string().regex(/^analyze-[a-z0-9-]+$/),
  /** What repeats it; DIR stands for a folder of the machine. */
  command: z.string(),
  configuration: z.record(z.string(), z.json()),
  environment: environmentSchema,
  data: z.strictObject({ evaluation: dataIdentity, calibration: dataIdentity }),
  kernelTier: z.string(),
  model: z.string(),
  /** Empty for a model that another program saved. */
  weightsSha256: z.string(),
  /** Images that could not be read. */
  skipped: count,
  /** What was left out or went wrong, in words. */
  notes: z.array(z.string()),
});

export type AnalyzeRun = Readonly<z.infer<typeof analyzeRunSchema>>;

const ANALYSIS = 'analysis.json';

/** Writes `analysis.json` and `run.json` into a run's folder. */
export async function writeAnalyzeRun(
  dir: string,
  run: AnalyzeRun,
  analysis: WordedAnalysis,
): Promise<void> {
  await writeAnalysis(dir, analysis);
  await writeFileAtomic(join(dir, RUN_FILE), `${JSON.stringify(run, null, 2)}\n`);
}

/** Writes `analysis.json` into a run's folder. */
export async function writeAnalysis(dir: string, analysis: WordedAnalysis): Promise<void> {
  await writeFileAtomic(join(dir, ANALYSIS), `${JSON.stringify(recorded(analysis))}\n`);
}

/**
 * The analysis in a run's folder.
 * @throws UserError where there is none, or it is damaged
 */
export function readAnalysis(dir: string): Promise<WordedAnalysis> {
  return readPart(join(dir, ANALYSIS), analysisSchema);
}

/** Whether a run's folder has an analysis. */
export function hasAnalysis(dir: string): boolean {
  return existsSync(join(dir, ANALYSIS));
}

/**
 * The record of an analysis in a run's folder.
 * @throws UserError where there is none, or it is damaged
 */
export async function readAnalyzeRun(
  dir: string,
): Promise<{ readonly run: AnalyzeRun; readonly analysis: WordedAnalysis }> {
  return {
    run: await readPart(join(dir, RUN_FILE), analyzeRunSchema),
    analysis: await readAnalysis(dir),
  };
}

/**
 * A value as JSON has it: infinite decibels by name, other numbers with the seven digits of single
 * precision.
 */
export function recorded(value: unknown): unknown {
  if (typeof value === 'number') {
    if (value === Infinity) return LOSSLESS;
    if (value === -Infinity) return NO_SIGNAL;
    return Number.isInteger(value) ? value : Number(value.toPrecision(7));
  }
  if (Array.isArray(value)) return value.map(recorded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, recorded(part)]));
}
