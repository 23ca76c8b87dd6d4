/**
 * Writes README.md's and the pages' figures anew from the records in bench/results: `npm run docs`.
 * With folders of runs it publishes their tables first: `npm run docs -- runs/<id>`.
 */
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { makeDocs } from './docs.ts';
import { publishTable } from './results.ts';

async function writeDocs(runs: readonly string[]): Promise<void> {
  const root = repositoryRoot();
  const results = join(root, 'bench', 'results');
  for (const run of runs) {
    process.stdout.write(`published ${await publishTable(run, results)} in ${results}\n`);
  }
  for (const [path, text] of await makeDocs(root)) await writeFileAtomic(join(root, path), text);
}

await writeDocs(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`Error: ${[error.message, error.remedy].filter(Boolean).join('\n')}\n`);
  process.exitCode = 1;
});
