import type { WordedAnalysis } from '../records/analysis_record.ts';
import type { Environment } from '../records/environment.ts';
import type { DataIdentity, RunRecord, RunTiming } from '../records/run_record.ts';
import type { Samples } from '../records/samples.ts';

/** What a report is made from. A part that the run lacks is undefined, and the report says so. */
export interface ReportParts {
  readonly run: RunDescription;
  readonly table: Pick<RunRecord, 'rows'> | undefined;
  readonly analysis: WordedAnalysis | undefined;
  readonly samples: Samples | undefined;
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
