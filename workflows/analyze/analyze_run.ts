import type { Dataset } from '../../datasets/dataset.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { selectBackend } from '../../training/backend.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import type { calibrationSource } from '../quantize/quantize.ts';
import type { AnalyzeRun, WordedAnalysis } from '../records/analysis_record.ts';
import { environment } from '../records/environment.ts';
import type { AnalyzeOptions } from './analyze_options.ts';

export interface AnalyzedParts {
  readonly opened: OpenedFloatModel;
  readonly dataset: Dataset;
  readonly source: Awaited<ReturnType<typeof calibrationSource>>;
  readonly tf8: Tf8Model;
  readonly kernelTier: TierName;
  readonly configuration: AnalyzeRun['configuration'];
  readonly analysis: WordedAnalysis;
}

/** The record of what an analysis was made of. */
export async function analyzeRun(
  options: AnalyzeOptions,
  { opened, dataset, source, tf8, kernelTier, configuration, analysis }: AnalyzedParts,
  { skipped, skippedInCalibration }: { skipped: number; skippedInCalibration: number },
): Promise<AnalyzeRun> {
  const identity = ({ name, fingerprint }: Dataset, images: number) => ({
    dataset: name,
    sha256: fingerprint,
    images,
  });
  return {
    name: runNameOf(opened.name),
    command: options.command ?? 'a program that calls analyze',
    configuration,
    environment: await environment(await selectBackend()),
    data: {
      evaluation: identity(dataset, analysis.images),
      calibration: identity(source.dataset, tf8.provenance.calibrationImages),
    },
    kernelTier,
    model: opened.name,
    weightsSha256: opened.facts.origin.weightsSha256 ?? '',
    skipped,
    notes: notesOf(source.overlap, skipped, skippedInCalibration),
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
