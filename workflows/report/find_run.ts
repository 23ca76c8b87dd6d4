import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { RUN_FILE } from '../records/run_file.ts';
import { call } from '../wording.ts';

const HAS_ENDED = `Give the folder that ${call('reproduce')} or ${call('analyze')} names when it has ended, or that of a training.`;

/**
 * The folder of a run's record.
 * @param run a folder, the record in it, or the folder's name in `runsDir`, with or without the hash at its end
 * @throws UserError where there is no such run, or the name is that of several
 */
export async function findRun(run: string, runsDir: string): Promise<string> {
  if (basename(run) === RUN_FILE && existsSync(run)) return dirname(run);
  for (const dir of [run, join(runsDir, run)]) if (isRun(dir)) return dir;
  if (existsSync(run)) {
    throw new UserError(`Expected the record of a run in ${run} but there is no ${RUN_FILE}`, {
      remedy: HAS_ENDED,
    });
  }
  const names = (await readdir(runsDir).catch(() => [])).filter((name) =>
    isRun(join(runsDir, name)),
  );
  const named = names.filter((name) => name.replace(/-[0-9a-f]{8}$/, '') === run).sort();
  if (named.length === 1) return join(runsDir, named[0]);
  if (named.length > 1) {
    throw new UserError(
      `Expected the name of one run but "${run}" is that of ${named.length} in ${runsDir}`,
      { remedy: `Give one of ${named.join(', ')}.` },
    );
  }
  throw new UserError(`Expected a run's folder or its name in ${runsDir} but "${run}" is neither`, {
    remedy: names.length === 0 ? HAS_ENDED : `There are: ${names.sort().join(', ')}.`,
  });
}

function isRun(dir: string): boolean {
  return existsSync(join(dir, RUN_FILE));
}
