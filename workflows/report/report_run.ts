import type { Context } from '../../foundation/reporting/context.ts';
import { isTraining } from '../outputs/training_files.ts';
import { findRun } from './find_run.ts';
import type { WrittenReport } from './write_content.ts';

export interface ReportRunOptions {
  /** Folder of the run or of a training, or the name of a run's folder in `runsDir`. */
  readonly run: string;
  readonly runsDir: string;
  /** Whether a page and figures that tf8 did not write are replaced. */
  readonly overwrite?: boolean | undefined;
}

/**
 * Writes the report of a run, or of a training, into its folder. What draws it is loaded once the run is
 * found.
 * @throws UserError where there is no such run, a part of it is damaged, or the folder cannot be written
 */
export async function reportRun(
  { run, runsDir, overwrite }: ReportRunOptions,
  context: Context,
): Promise<WrittenReport> {
  if (isTraining(run)) {
    const { readTraining } = await import('../records/training_record.ts');
    const training = await readTraining(run);
    const { writeTrainingReport } = await import('./write_training_report.ts');
    return writeTrainingReport(training, context, overwrite);
  }
  const dir = await findRun(run, runsDir);
  const { readParts } = await import('./read_parts.ts');
  const parts = await readParts(dir);
  const { writeReport } = await import('./write_report.ts');
  return writeReport(parts, dir, context, overwrite);
}
