import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { NetworkFacts } from '../../quantize/analyze/network_sums.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { recorded, type WordedAnalysis, writeAnalyzeRun } from '../records/analysis_record.ts';
import { runId, startRun } from '../records/run_record.ts';
import { writeSamples } from '../records/samples.ts';
import { analysisOf, type CountedNetwork } from './analyze_network.ts';
import type { AnalyzeOptions } from './analyze_options.ts';
import { analyzeRun, type RunFacts } from './analyze_run.ts';
import type { Patient } from './remedy.ts';
import { worded } from './worded.ts';

export interface AnalyzeResult extends WordedAnalysis {
  /** Folder of the record. */
  readonly run: string;
  readonly dataset: string;
  readonly skipped: number;
  readonly kernelTier: TierName;
  readonly zeroVariance: 'keep' | 'mean';
  readonly recipe: Recipe;
  readonly calibrationImages: number;
  /** As JSON has it: "lossless" for an infinite ratio. */
  toJSON(): unknown;
}

/** What the images do not change of an analysis. */
export interface AnalysisFacts {
  readonly network: NetworkFacts;
  readonly run: RunFacts;
  /** How remedies name the network and its images. */
  readonly patient: Patient;
  readonly dataset: string;
  readonly zeroVariance: 'keep' | 'mean';
  readonly recipe: Recipe;
}

/** What is counted and summed over images. */
export type AnalysisCounts = Omit<CountedNetwork, 'facts'>;

/** Says what the counts over all images mean, in a folder of `runsDir` and at `out`. */
export async function finishAnalysis(
  { network, run: facts, patient, dataset, zeroVariance, recipe }: AnalysisFacts,
  { sums, samples, skipped }: AnalysisCounts,
  { runsDir, out }: Pick<AnalyzeOptions, 'runsDir' | 'out'>,
  context: Context,
): Promise<AnalyzeResult> {
  const analysis = worded(analysisOf(network, sums), patient, context);
  const run = runFolder(runsDir, facts);
  await startRun(run);
  await writeSamples(run, samples!);
  await writeAnalyzeRun(run, analyzeRun(facts, analysis.images, skipped), analysis);
  const result = {
    run,
    dataset,
    skipped,
    kernelTier: facts.kernelTier,
    zeroVariance,
    recipe,
    calibrationImages: facts.calibration.images,
    ...analysis,
  };
  if (out !== undefined) await writeFileAtomic(out, `${JSON.stringify(recorded(result))}\n`);
  return { ...result, toJSON: () => recorded(result) };
}

/** The folder of an analysis' record. */
export function runFolder(
  runsDir: string,
  { name, configuration }: Pick<RunFacts, 'name' | 'configuration'>,
): string {
  return join(runsDir, runId(name, configuration));
}
