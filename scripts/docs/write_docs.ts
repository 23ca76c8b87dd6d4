/** Writes the pages in docs/ anew from their templates and the records: `npm run docs`. */
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { makeDocs } from './docs.ts';

try {
  const root = repositoryRoot();
  for (const [path, text] of await makeDocs(root)) await writeFileAtomic(join(root, path), text);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`Error: ${[error.message, error.remedy].filter(Boolean).join('\n')}\n`);
  process.exitCode = 1;
}
