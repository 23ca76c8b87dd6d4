/**
 * Computes anew what test/models.json says of other people's models, each in the program that it is of:
 * `npm run bench:models`, with names of models for these alone.
 */

import { writeFileAtomic } from '../foundation/files/atomic_file.ts';
import { cacheDir } from '../foundation/files/cache_dir.ts';
import { SILENT_REPORTER } from '../foundation/reporting/reporter.ts';
import { selectBackend } from '../training/backend.ts';
import { suiteModelPath } from './models/fetch_package.ts';
import { measureModel } from './models/measure_model.ts';
import { readSuite, SUITE_FILE, type SuiteModel } from './models/suite.ts';

const names = process.argv.slice(2);
const context = {
  reporter: SILENT_REPORTER,
  signal: new AbortController().signal,
  cacheDir: cacheDir(),
};
await selectBackend();
const suite = await readSuite();
const models: SuiteModel[] = [];
for (const model of suite.models) {
  if (names.length > 0 && !names.includes(model.name)) {
    models.push(model);
    continue;
  }
  const path = await suiteModelPath(model, suite.packages, context);
  const { name, package: from, path: inside } = model;
  const measured = await measureModel(path, context);
  models.push({ name, package: from, path: inside, ...measured });
  process.stdout.write(`${name}: ${measured.refused ?? measured.opens?.oracle}\n`);
}
await writeFileAtomic(SUITE_FILE, `${JSON.stringify({ ...suite, models }, null, 2)}\n`);
