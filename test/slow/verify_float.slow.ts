import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import {
  KERAS_3,
  type PythonPackages,
  pythonEnvironment,
  RUNTIMES,
  TENSORFLOW,
} from '../../foundation/python/python_environment.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { verifyFloat } from '../../workflows/verify/verify_float.ts';
import { unpack } from '../checkpoints/keras_networks.ts';
import { ONNX_NETWORKS, onnxBytes } from '../checkpoints/onnx/onnx_networks.ts';
import { disposeModels } from '../support/dispose_models.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { skip } from '../support/skip.ts';

/** Networks that Keras wrote, and the one that runs them. */
const KERAS = [
  { name: 'keras_2/teachable', file: 'model.h5', packages: TENSORFLOW, runtime: /^Keras 2\./ },
  { name: 'keras_2/upsampled', file: 'model.h5', packages: TENSORFLOW, runtime: /^Keras 2\./ },
  { name: 'keras_3/deep', file: 'model.h5', packages: KERAS_3, runtime: /^Keras 3\./ },
  { name: 'keras_3/normalization', file: 'model.keras', packages: KERAS_3, runtime: /^Keras 3\./ },
] as const;

describe('verifyFloat in programs of Python', function () {
  this.timeout(20 * 60_000);

  before(needsTensorFlow);

  afterEach(disposeModels);

  const { signal } = new AbortController();
  const context = { reporter: SILENT_REPORTER, cacheDir: cacheDir(), signal };

  async function requires(packages: PythonPackages, test: Mocha.Context): Promise<void> {
    try {
      await pythonEnvironment(packages, context);
    } catch (error) {
      if (error instanceof UserError) skip(test, error.message);
      throw error;
    }
  }

  for (const { name, file, packages, runtime } of KERAS) {
    it(`holds ${name}, ${file}, to what Keras makes of it`, async function () {
      await requires(packages, this);
      await inFolder(async (folder) => {
        await unpack(name, folder);
        const result = await verifyFloat({ model: join(folder, file), limit: 3, seed: 1 }, context);
        assert.match(result.runtime, runtime);
        assert.ok(result.isEqual, JSON.stringify(result.outputs));
        assert.ok(result.outputs.every(({ range }) => range > 0));
      });
    });
  }

  it('holds ONNX networks, and where they end, to what ONNX Runtime makes of them', async function () {
    await requires(RUNTIMES, this);
    await inFolder(async (folder) => {
      // One takes images of four channels.
      for (const name of Object.keys(ONNX_NETWORKS).filter((each) => each !== 'parts')) {
        const model = join(folder, `${name}.onnx`);
        await writeFile(model, onnxBytes(name));
        const result = await verifyFloat({ model, limit: 2, seed: 1 }, context);
        assert.match(result.runtime, /^ONNX Runtime /);
        assert.ok(result.isEqual, `${name}: ${JSON.stringify(result.outputs)}`);
      }
    });
  });
});
