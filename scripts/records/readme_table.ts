import { UserError } from '../../checkpoints/artifacts/errors.ts';
import { accuracyTable } from './accuracy_table.ts';
import type { RunRecord } from './run_record.ts';

/** README.md with the table of a run, and what it was measured with below. */
export function withTable(readme: string, record: RunRecord): string {
  const { environment, configuration, rows, kernelTier } = record;
  const measured = `Seed ${configuration.seed}, ${kernelTier} kernels, ${environment.processor}, ${environment.backend}, commit ${environment.commit.slice(0, 10)}.`;
  return withPart(readme, 'table', `${accuracyTable(rows)}\n${measured}`);
}

/**
 * README.md with `text` between the marks `<!-- name -->` and `<!-- /name -->`.
 * @throws UserError where the marks are missing
 */
export function withPart(readme: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from < 0 || to < from) {
    throw new UserError(`Expected ${start} and ${end} in README.md but they are not there`, {
      remedy: 'Put both marks where the figures belong.',
    });
  }
  return `${readme.slice(0, from)}${start}\n${text}\n${readme.slice(to)}`;
}
