import { UserError } from '../../checkpoints/artifacts/errors.ts';
import { accuracyTable } from './accuracy_table.ts';
import type { RunRecord } from './run_record.ts';

const [START, END] = ['<!-- table -->', '<!-- /table -->'];

/**
 * README.md with the table of a run between its two marks, and what it was measured with below.
 * @throws UserError where the marks are missing
 */
export function withTable(readme: string, record: RunRecord): string {
  const { environment, configuration, rows, kernelTier } = record;
  const [from, to] = [readme.indexOf(START), readme.indexOf(END)];
  if (from < 0 || to < from) {
    throw new UserError(`Expected ${START} and ${END} in README.md but they are not there`, {
      remedy: 'Put both marks where the table belongs.',
    });
  }
  const measured = `Seed ${configuration.seed}, ${kernelTier} kernels, ${environment.processor}, ${environment.backend}, commit ${environment.commit.slice(0, 10)}.`;
  return `${readme.slice(0, from)}${START}\n${accuracyTable(rows)}\n${measured}\n${readme.slice(to)}`;
}
