/**
 * Writes README.md's and the pages' figures anew from the records in bench/results: `npm run docs`.
 * With folders of runs it publishes their tables first: `npm run docs -- runs/<id>`; with --elsewhere before
 * them, beside the tables that are shown, as what another machine or other seeds made of them.
 */
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { makeDocs } from './docs.ts';
import { publishElsewhere, publishTable } from './results.ts';

const ELSEWHERE = '--elsewhere';

async function writeDocs(args: readonly string[]): Promise<void> {
  const root = repositoryRoot();
  const results = join(root, 'bench', 'results');
  const publish = args.includes(ELSEWHERE) ? publishElsewhere : publishTable;
  for (const run of args.filter((arg) => arg !== ELSEWHERE)) {
    process.stdout.write(`published ${await publish(run, results)} in ${results}\n`);
  }
  for (const [path, text] of await makeDocs(root)) await writeFileAtomic(join(root, path), text);
}

await writeDocs(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`Error: ${[error.message, error.remedy].filter(Boolean).join('\n')}\n`);
  process.exitCode = 1;
});
