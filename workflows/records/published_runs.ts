import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { type PublishedTable, publishedTableSchema, readPart } from './run_record.ts';

/** The folder, in that of the results, of tables that are published of other machines or seeds too. */
export const ELSEWHERE = 'elsewhere';

/**
 * A table as it is published, the one that pages show first; none in a package.
 * @param results the folder bench/results of a checkout
 * @throws UserError where one is damaged
 */
export async function publishedRuns(
  results: string,
  name: string,
): Promise<readonly PublishedTable[]> {
  const path = join(results, `${name}.json`);
  const shown = existsSync(path) ? [await readPart(path, publishedTableSchema)] : [];
  return [...shown, ...(await runsElsewhere(results, name))];
}

/**
 * A table as other machines, or other seeds, made it, in the order of the files' names.
 * @throws UserError where one is damaged
 */
export async function runsElsewhere(
  results: string,
  name: string,
): Promise<readonly PublishedTable[]> {
  const folder = join(results, ELSEWHERE);
  const files = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const own = files.filter((file) => /^(.+)-[0-9a-f]{8}\.json$/.exec(file)?.[1] === name);
  return Promise.all(own.sort().map((file) => readPart(join(folder, file), publishedTableSchema)));
}

/** Whether a table was made beside other programs that computed, so that its times are too long. */
export function wasShared({
  timing,
  environment,
}: Pick<PublishedTable, 'timing' | 'environment'>): boolean {
  return timing.load !== undefined && timing.load > 2 * environment.threads;
}
