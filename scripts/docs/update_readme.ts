/**
 * Puts the published tables (bench/results) into README.md: `npm run readme`. With folders of runs it
 * publishes theirs first: `npm run readme -- runs/<id>`.
 */
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { publishTable, updatePage } from './results.ts';

async function updateReadme(runs: readonly string[]): Promise<void> {
  const results = join(repositoryRoot(), 'bench', 'results');
  for (const run of runs) {
    process.stdout.write(`published ${await publishTable(run, results)} in ${results}\n`);
  }
  await updatePage(join(repositoryRoot(), 'README.md'), results);
}

await updateReadme(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`Error: ${[error.message, error.remedy].join('\n')}\n`);
  process.exitCode = 1;
});
