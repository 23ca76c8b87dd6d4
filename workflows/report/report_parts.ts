import type { WordedAnalysis } from '../records/analysis_record.ts';
import type { Comparison } from '../records/comparison_record.ts';
import type { Environment } from '../records/environment.ts';
import type { DataIdentity, RunRecord, RunTiming } from '../records/run_record.ts';
import type { Samples } from '../records/samples.ts';

/** What a report is made from. A part that the run lacks is undefined, and the report says so. */
export interface ReportParts {
  readonly run: RunDescription;
  readonly table: Pick<RunRecord, 'rows'> | undefined;
  readonly analysis: WordedAnalysis | undefined;
  /** Recipes side by side; absent for a run that compared none. */
  readonly comparison?: ComparisonPart | undefined;
  readonly samples: Samples | undefined;
}

/** Rows with what quantizing took. */
export interface ComparisonPart {
  readonly rows: Comparison['rows'];
  readonly quantizingSeconds: readonly number[];
}

/** What was run, whatever the command. */
export interface RunDescription {
  /** Of the table, or of the model that was analyzed. */
  readonly name: string;
  readonly command: string;
  readonly environment: Environment;
  readonly kernelTier: string;
  /** By what they were used for; with the number of images where the rows do not say it. */
  readonly data: Readonly<Record<string, DataIdentity & { readonly images?: number }>>;
  /** SHA-256 of weights, by the network's record or name. */
  readonly weights: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly configuration: RunRecord['configuration'];
  readonly timing: RunTiming | undefined;
}
