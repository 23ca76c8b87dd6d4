import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import {
  KERAS_3,
  type PythonPackages,
  pythonEnvironment,
  TENSORFLOW,
} from '../../foundation/python/python_environment.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { givesKerasNumbers, MAKE_NETWORKS } from '../checkpoints/keras_networks.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { skip } from '../support/skip.ts';

const FORMS = [
  'layers',
  'saved',
  'saved_model',
  'signatures',
  'frozen.pb',
  'model.h5',
  'model.keras',
];

/** What a graph spells out in operations that TF8 lacks, and LayersModels do not; and what these cannot say. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  slopes: ['saved', 'saved_model', 'signatures', 'frozen.pb'],
  // TensorFlow.js, which runs these, places it elsewhere.
  upsampled: ['layers'],
};
/** Keras 3 exports the augmentation of images with the network. */
const REFUSED_OF_KERAS_3: Readonly<Record<string, readonly string[]>> = { transfer: ['saved'] };

const KERAS: readonly { packages: PythonPackages; refused: typeof REFUSED }[] = [
  { packages: TENSORFLOW, refused: REFUSED },
  { packages: KERAS_3, refused: { ...REFUSED, ...REFUSED_OF_KERAS_3 } },
];

for (const { packages, refused } of KERAS) {
  describe(`networks of ${packages.title}`, function () {
    this.timeout(20 * 60_000);
    let folder: string;
    let names: readonly string[] = [];

    before(async function () {
      await needsTensorFlow.call(this);
      folder = await mkdtemp(join(tmpdir(), 'tf8-keras-'));
      const { signal } = new AbortController();
      const options = { cacheDir: cacheDir(), reporter: SILENT_REPORTER, signal };
      try {
        const python = await pythonEnvironment(packages, options);
        const { exitCode, output } = await runCommand(python, ['-I', MAKE_NETWORKS, folder]);
        assert.equal(exitCode, 0, output);
      } catch (error) {
        if (error instanceof UserError) skip(this, error.message);
        throw error;
      }
      names = await readdir(folder);
    });

    after(() => rm(folder, { recursive: true, force: true }));

    for (const form of FORMS) {
      it(`give what Keras gives: ${form}`, async () => {
        assert.ok(names.length > 10, String(names));
        for (const name of names) {
          if (!existsSync(join(folder, name, form))) continue;
          const given = givesKerasNumbers(join(folder, name), form);
          if (refused[name]?.includes(form)) {
            await assert.rejects(given, /^UserError: TF8 does not support /, name);
          } else {
            await given.catch((error: Error) => assert.fail(`${name}: ${error.stack}`));
          }
        }
      });
    }
  });
}
