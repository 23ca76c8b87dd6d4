/** Puts the table of a run into README.md: `node --import tsx scripts/records/update_readme.ts runs/<id>`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../checkpoints/artifacts/atomic_file.ts';
import { UserError } from '../../checkpoints/artifacts/errors.ts';
import { repositoryRoot } from '../repository.ts';
import { accuracyTable } from './accuracy_table.ts';
import type { RunRecord } from './run_record.ts';

const [start, end] = ['<!-- table -->', '<!-- /table -->'];

const [dir] = process.argv.slice(2);
if (dir === undefined) throw new UserError('Expected the folder of a run but received none');
const record: RunRecord = JSON.parse(await readFile(join(dir, 'run.json'), 'utf8'));
const { environment, configuration, rows, kernelTier } = record;
const path = join(repositoryRoot(), 'README.md');
const readme = await readFile(path, 'utf8');
const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
if (from < 0 || to < from) throw new UserError(`Expected ${start} … ${end} in README.md`);
const caption = `Top-1 accuracy in percent; seed ${configuration.seed}, ${kernelTier} kernels, ${environment.processor}, ${environment.backend}, commit ${environment.commit.slice(0, 10)}.`;
await writeFileAtomic(
  path,
  `${readme.slice(0, from)}${start}\n${accuracyTable(rows)}\n\n${caption}\n${readme.slice(to)}`,
);
