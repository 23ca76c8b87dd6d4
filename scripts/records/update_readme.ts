/** Puts the table of a run into README.md: `npm run readme -- runs/<id>`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../checkpoints/artifacts/atomic_file.ts';
import { UserError } from '../../checkpoints/artifacts/errors.ts';
import { repositoryRoot } from '../repository.ts';
import { withTable } from './readme_table.ts';
import { readRun } from './run_record.ts';

async function updateReadme([dir]: readonly string[]): Promise<void> {
  if (dir === undefined) {
    throw new UserError('Expected the folder of a run but received none', {
      remedy: 'Run "npm run readme -- runs/<id>".',
    });
  }
  const record = await readRun(dir);
  const path = join(repositoryRoot(), 'README.md');
  await writeFileAtomic(path, withTable(await readFile(path, 'utf8'), record));
}

await updateReadme(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`Error: ${[error.message, error.remedy].join('\n')}\n`);
  process.exitCode = 1;
});
