import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { recorded } from './analysis_record.ts';
import {
  type Comparison,
  type ComparisonTiming,
  comparisonSchema,
  comparisonTimingSchema,
} from './comparison_record.ts';
import { comparisonCsv, comparisonTable } from './comparison_table.ts';
import { RUN_FILE } from './run_file.ts';
import { readPart } from './run_record.ts';

const TIMING = 'timing.json';

/** Writes `run.json`, `timing.json`, `table.md` and `table.csv` into a run's folder. */
export async function writeComparison(
  dir: string,
  comparison: Comparison,
  timing: ComparisonTiming,
): Promise<void> {
  const { rows } = comparison;
  const { quantizingSeconds } = timing;
  const table = comparisonTable(rows, quantizingSeconds);
  await writeFileAtomic(join(dir, 'table.md'), `${table}\n`);
  await writeFileAtomic(join(dir, 'table.csv'), comparisonCsv(rows, quantizingSeconds));
  await writeFileAtomic(join(dir, TIMING), `${JSON.stringify(timing, null, 2)}\n`);
  await writeFileAtomic(join(dir, RUN_FILE), `${JSON.stringify(recorded(comparison), null, 2)}\n`);
}

/**
 * The comparison in a run's folder.
 * @throws UserError where there is none, or it is damaged
 */
export async function readComparison(
  dir: string,
): Promise<{ readonly comparison: Comparison; readonly timing: ComparisonTiming }> {
  return {
    comparison: await readPart(join(dir, RUN_FILE), comparisonSchema),
    timing: await readPart(join(dir, TIMING), comparisonTimingSchema),
  };
}
