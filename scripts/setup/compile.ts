import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { bundlePage } from '../../workflows/report/bundle_page.ts';
import { BUNDLED_SCRIPT } from '../../workflows/report/page_script.ts';
import { COMPILED_STAMP } from './compiled.mjs';

/** Entries of the package that need TensorFlow.js at once. */
const TENSORFLOW_ENTRIES = ['architectures', 'checkpoints', 'training'];

/**
 * Compiles the sources to dist/, bundles the report's page there and writes the entries that need
 * optional packages.
 *
 * @param options.types whether types are checked too, not only written; true unless given
 * @returns what the compiler complained of; nothing where dist/ is complete
 */
export async function compile(
  root: string,
  {
    clean = false,
    types = true,
    signal,
  }: { clean?: boolean; types?: boolean; signal?: AbortSignal } = {},
): Promise<string[]> {
  const dist = join(root, 'dist');
  await rm(clean ? dist : join(root, COMPILED_STAMP), { recursive: true, force: true });
  const started = new Date();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { exitCode, output } = await runCommand(
    process.execPath,
    [compiler, '-p', 'tsconfig.build.json', ...(types ? [] : ['--noCheck'])],
    { cwd: root, ...(signal && { signal }) },
  );
  if (exitCode !== 0) {
    const errors = output.split('\n').filter((line) => line.includes('error TS'));
    return errors.length > 0 ? errors : [output];
  }
  await removeStale(root, dist);
  await writeFile(join(dist, 'workflows', 'report', BUNDLED_SCRIPT), await bundlePage());
  for (const room of TENSORFLOW_ENTRIES) await writeEntry(join(dist, room));
  await writeFileAtomic(join(root, COMPILED_STAMP), '');
  // A source that changed while the compiler ran is newer than this.
  await utimes(join(root, COMPILED_STAMP), started, started);
  return [];
}

/** Removes what earlier compilations made of sources that are gone. */
async function removeStale(root: string, dist: string): Promise<void> {
  const made = await readdir(dist, { recursive: true });
  const sources = new Set<string>();
  for (const folder of new Set(made.map(dirname))) {
    for (const name of await readdir(join(root, folder)).catch(() => [])) {
      if (name.endsWith('.ts')) sources.add(join(folder, name.slice(0, -'.ts'.length)));
    }
  }
  for (const file of made) {
    const source = /^(.*?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(file)?.[1];
    if (source !== undefined && !sources.has(source)) await rm(join(dist, file));
  }
}

/** Writes entry.js: index.js, except that a missing package is named with the way to get it. */
async function writeEntry(folder: string): Promise<void> {
  const names = Object.keys(await import(pathToFileURL(join(folder, 'index.js')).href));
  await writeFile(
    join(folder, 'entry.js'),
    `import { importOptional } from '../foundation/optional_package.js';

export const {
  ${names.join(',\n  ')},
} = await importOptional(() => import('./index.js'));
`,
  );
}
