import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SUITE_FILE, type Suite } from '../../bench/suite/read_suite.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { verifyFloat } from '../../workflows/verify/verify_float.ts';
import { fetched, holds } from '../suite/suite_model.ts';
import { disposeModels } from '../support/dispose_models.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

// Each is a test of its own, so they are read where tests are made.
const { models, packages } = JSON.parse(readFileSync(SUITE_FILE, 'utf8')) as Suite;

describe('every model of the suite', function () {
  this.timeout(15 * 60_000);

  before(needsTensorFlow);

  afterEach(disposeModels);

  for (const model of models) {
    const title = model.opens === undefined ? 'is refused by name' : 'gives what its program gives';
    it(`${model.name} ${title}`, async function () {
      const path = await fetched(this, model, packages);
      await holds(path, model);
      if (model.opens === undefined) return;
      const { signal } = new AbortController();
      const context = { reporter: SILENT_REPORTER, signal, cacheDir: cacheDir() };
      const verified = await verifyFloat({ model: path, limit: 2, seed: 7 }, context);
      assert.ok(verified.isEqual, JSON.stringify(verified.outputs));
    });
  }
});
