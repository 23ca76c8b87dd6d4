import type { Context } from '../../foundation/reporting/context.ts';
import { findRun } from './find_run.ts';
import { readParts } from './read_parts.ts';
import { type WrittenReport, writeReport } from './write_report.ts';

export interface ReportRunOptions {
  /** Folder of the run, or its name in `runsDir`. */
  readonly run: string;
  readonly runsDir: string;
  /** Whether a page and figures that tf8 did not write are replaced. */
  readonly overwrite?: boolean | undefined;
}

/**
 * Writes the report of a run into its folder.
 * @throws UserError where there is no such run, a part of it is damaged, or the folder cannot be written
 */
export async function reportRun(
  { run, runsDir, overwrite }: ReportRunOptions,
  context: Context,
): Promise<WrittenReport> {
  const dir = await findRun(run, runsDir);
  return writeReport(await readParts(dir), dir, context, overwrite);
}
