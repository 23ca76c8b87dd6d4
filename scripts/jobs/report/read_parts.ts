import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../../checkpoints/artifacts/errors.ts';
import { readAnalyzeRun } from '../../records/analysis_record.ts';
import { readRun, readTiming } from '../../records/run_record.ts';
import { readSamples } from '../../records/samples.ts';
import type { ReportParts } from './report_parts.ts';

/**
 * What the folder of a run has for a report: a table of accuracies, or an analysis.
 * @throws UserError where there is no record of a run, or a part of it is damaged
 */
export async function readParts(dir: string): Promise<ReportParts> {
  if (!existsSync(join(dir, 'run.json'))) {
    throw new UserError(`Expected the record of a run in ${dir} but there is no run.json`, {
      remedy: 'Give the folder that "tf8 reproduce" or "tf8 analyze" names when it has ended.',
    });
  }
  const samples = existsSync(join(dir, 'samples.json')) ? await readSamples(dir) : undefined;
  const isAnalysis = existsSync(join(dir, 'analysis.json'));
  return { ...(isAnalysis ? await analysisParts(dir) : await tableParts(dir)), samples };
}

type MainParts = Omit<ReportParts, 'samples'>;

async function tableParts(dir: string): Promise<MainParts> {
  const { rows, networks: _, ...run } = await readRun(dir);
  const weights = rows.flatMap(({ perSeed }) =>
    perSeed.map((seed) => [seed.record, seed.weightsSha256]),
  );
  return {
    run: { ...run, timing: await readTiming(dir), weights: Object.fromEntries(weights) },
    table: { rows },
    analysis: undefined,
  };
}

async function analysisParts(dir: string): Promise<MainParts> {
  const { run, analysis } = await readAnalyzeRun(dir);
  const { model, weightsSha256, skipped: _, ...described } = run;
  return {
    run: {
      ...described,
      name: model,
      weights: weightsSha256 === '' ? {} : { [model]: weightsSha256 },
      timing: undefined,
    },
    table: undefined,
    analysis,
  };
}
