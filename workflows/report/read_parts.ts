import { join } from 'node:path';
import { z } from 'zod';
import { hasAnalysis, readAnalysis, readAnalyzeRun } from '../records/analysis_record.ts';
import { readComparison } from '../records/comparison_files.ts';
import { RUN_FILE } from '../records/run_file.ts';
import { readPart, readRun, readTiming } from '../records/run_record.ts';
import { hasSamples, readSamples } from '../records/samples.ts';
import type { ReportParts } from './report_parts.ts';

const namedSchema = z.looseObject({ name: z.string() });

/**
 * What the folder of a run has for a report: a table of accuracies, an analysis, or both.
 * @throws UserError where there is no record of a run, or a part of it is missing or damaged
 */
export async function readParts(dir: string): Promise<ReportParts> {
  const { name } = await readPart(join(dir, RUN_FILE), namedSchema);
  const parts = await mainParts(name, dir);
  const samples = hasSamples(dir) ? await readSamples(dir) : undefined;
  return { ...parts, samples };
}

type MainParts = Omit<ReportParts, 'samples'>;

function mainParts(name: string, dir: string): Promise<MainParts> {
  if (name.startsWith('analyze-')) return analysisParts(dir);
  return name.startsWith('compare-') ? comparisonParts(dir) : tableParts(dir);
}

async function comparisonParts(dir: string): Promise<MainParts> {
  const { comparison, timing } = await readComparison(dir);
  const { model, weightsSha256, rows, ...described } = comparison;
  return {
    run: {
      ...described,
      name: model,
      weights: weightsSha256 === '' ? {} : { [model]: weightsSha256 },
      timing: undefined,
    },
    table: undefined,
    analysis: undefined,
    comparison: { rows, ...timing },
  };
}

async function tableParts(dir: string): Promise<MainParts> {
  const { rows, networks: _, ...run } = await readRun(dir);
  const weights = rows.flatMap(({ perSeed }) =>
    perSeed.map((seed) => [seed.record, seed.weightsSha256]),
  );
  return {
    run: { ...run, timing: await readTiming(dir), weights: Object.fromEntries(weights) },
    table: { rows },
    analysis: hasAnalysis(dir) ? await readAnalysis(dir) : undefined,
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
