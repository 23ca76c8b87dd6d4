/**
 * Puts figures into README.md: `npm run readme -- runs/<id>` the table of a run, and always the
 * benches' tables in bench/results.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../checkpoints/artifacts/atomic_file.ts';
import { UserError } from '../../checkpoints/artifacts/errors.ts';
import { repositoryRoot } from '../repository.ts';
import { withPart, withTable } from './readme_table.ts';
import { readRun } from './run_record.ts';

async function updateReadme([dir]: readonly string[]): Promise<void> {
  const path = join(repositoryRoot(), 'README.md');
  const training = await readFile(
    join(repositoryRoot(), 'bench', 'results', 'training.md'),
    'utf8',
  );
  let readme = withPart(await readFile(path, 'utf8'), 'training', training.trimEnd());
  if (dir !== undefined) readme = withTable(readme, await readRun(dir));
  await writeFileAtomic(path, readme);
}

await updateReadme(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`Error: ${[error.message, error.remedy].join('\n')}\n`);
  process.exitCode = 1;
});
