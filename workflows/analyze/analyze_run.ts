import type { Dataset } from '../../datasets/dataset.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import type { calibrationSource } from '../quantize/quantize.ts';
import type { AnalyzeRun } from '../records/analysis_record.ts';
import { environment } from '../records/environment.ts';
import type { AnalyzeOptions } from './analyze_options.ts';

export interface AnalyzedParts {
  readonly opened: OpenedFloatModel;
  readonly dataset: Dataset;
  readonly source: Awaited<ReturnType<typeof calibrationSource>>;
  readonly tf8: Tf8Model;
  readonly kernelTier: TierName;
  readonly configuration: AnalyzeRun['configuration'];
}

/** What the images do not change of an analysis' record. */
export interface RunFacts extends Omit<AnalyzeRun, 'data' | 'kernelTier' | 'skipped' | 'notes'> {
  readonly evaluation: Omit<AnalyzeRun['data']['evaluation'], 'images'>;
  readonly calibration: AnalyzeRun['data']['calibration'];
  readonly kernelTier: TierName;
  /** Some images are calibrated with and analyzed. */
  readonly overlap: boolean;
  /** Images to calibrate with that could not be read. */
  readonly skippedInCalibration: number;
}

/** What an analysis is made of. */
export async function runFacts(
  options: AnalyzeOptions,
  { opened, dataset, source, tf8, kernelTier, configuration }: AnalyzedParts,
  skippedInCalibration: number,
): Promise<RunFacts> {
  const identity = ({ name, fingerprint }: Dataset) => ({ dataset: name, sha256: fingerprint });
  return {
    name: runNameOf(opened.name),
    command: options.command ?? 'a program that calls analyze',
    configuration,
    environment: await environment(await selectBackend()),
    evaluation: identity(dataset),
    calibration: { ...identity(source.dataset), images: tf8.provenance.calibrationImages },
    kernelTier,
    model: opened.name,
    weightsSha256: opened.facts.origin.weightsSha256 ?? '',
    overlap: source.overlap,
    skippedInCalibration,
  };
}

/** The record of an analysis of so many images. */
export function analyzeRun(facts: RunFacts, images: number, skipped: number): AnalyzeRun {
  const { name, command, configuration, environment, kernelTier, model, weightsSha256 } = facts;
  const { evaluation, calibration, overlap, skippedInCalibration } = facts;
  return {
    name,
    command,
    configuration,
    environment,
    data: { evaluation: { ...evaluation, images }, calibration },
    kernelTier,
    model,
    weightsSha256,
    skipped,
    notes: notesOf(overlap, skipped, skippedInCalibration),
  };
}

function notesOf(overlap: boolean, skipped: number, skippedInCalibration: number): string[] {
  return [
    ...(overlap ? ['Some images are calibrated with and analyzed.'] : []),
    ...(skipped > 0 ? [`${skipped} images to analyze could not be read.`] : []),
    ...(skippedInCalibration > 0
      ? [`${skippedInCalibration} images to calibrate with could not be read.`]
      : []),
  ];
}

/** The name of a run: "analyze-" and the model's name, or the last part of its path. */
export function runNameOf(model: string): string {
  const name =
    model.split(/[\\/]/).findLast((part) => part !== '' && part !== 'model.json') ?? model;
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return `analyze-${slug || 'model'}`;
}
