import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';
import { pythonEnvironment, TENSORFLOW } from '../../foundation/python/python_environment.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { openFloatModel } from '../../workflows/open/open_model.ts';
import { predictions } from '../checkpoints/live_mobilenet.ts';
import { contextOf } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { skip } from '../support/skip.ts';

/** Writes a Keras MobileNet in every format that TensorFlow writes, two images, and what it makes of them. */
const WRITE_FILES = `
import os, sys
import numpy as np, tensorflow as tf
folder, alpha = sys.argv[1], float(sys.argv[2])
at = lambda name: os.path.join(folder, name)
model = tf.keras.applications.MobileNet(alpha=alpha, input_shape=(32, 32, 3), weights=None, classes=10)
random = np.random.RandomState(0)
for weight in model.weights:
    low, high = (0.5, 1.5) if "gamma" in weight.name or "variance" in weight.name else (-0.4, 0.4)
    weight.assign(random.uniform(low, high, weight.shape))
images = random.uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
images.tofile(at("images"))
model(images).numpy().tofile(at("outputs"))
model.save(at("saved_model"))
model.save_weights(at("mobilenet_v1_0.25_032"))
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
call = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec((None, 32, 32, 3)))
frozen = convert_variables_to_constants_v2(call).graph.as_graph_def()
open(at("frozen.pb"), "wb").write(frozen.SerializeToString())
v1 = tf.compat.v1
values = {weight.name.split(":")[0]: weight.numpy() for weight in model.weights}
with tf.Graph().as_default(), v1.Session() as session:
    v1.disable_resource_variables()
    for name, value in values.items():
        v1.get_variable(name, initializer=value)
    session.run(v1.global_variables_initializer())
    for version in (1, 2):
        path = at(f"mobilenet_v{version}_0.25_032.ckpt")
        v1.train.Saver(write_version=version).save(session, path, write_meta_graph=False, write_state=False)
`;

const FILES: readonly string[] = [
  'saved_model',
  'frozen.pb',
  'mobilenet_v1_0.25_032',
  'mobilenet_v1_0.25_032.ckpt',
  'mobilenet_v2_0.25_032.ckpt',
];

describe("TensorFlow's own files", function () {
  this.timeout(15 * 60_000);
  let python: string;

  before(async function () {
    await needsTensorFlow.call(this);
    const { signal } = new AbortController();
    try {
      python = await pythonEnvironment(TENSORFLOW, {
        cacheDir: cacheDir(),
        reporter: SILENT_REPORTER,
        signal,
      });
    } catch (error) {
      if (error instanceof UserError) skip(this, error.message);
      throw error;
    }
  });

  async function floats(path: string): Promise<Float32Array> {
    const bytes = await readFile(path);
    return new Float32Array(Uint8Array.from(bytes).buffer);
  }

  for (const alpha of [0.25, 0.5]) {
    it(`of a Keras MobileNet of width ${alpha} give what it gives`, () =>
      inFolder(async (folder) => {
        const { exitCode, output } = await runCommand(python, [
          '-I',
          '-c',
          WRITE_FILES,
          folder,
          String(alpha),
        ]);
        assert.equal(exitCode, 0, output);
        const images = tf.tensor4d(await floats(join(folder, 'images')), [2, 32, 32, 3]);
        const expected = await floats(join(folder, 'outputs'));
        for (const file of FILES) {
          const opened = await openFloatModel(join(folder, file), contextOf());
          const { facts } = opened;
          assert.equal(facts.architecture!.widthMultiplier, alpha, file);
          const received = predictions(opened.layersModel, images);
          received.forEach((value, index) => {
            assert.ok(Math.abs(value - expected[index]) < 1e-5, `${file}: ${value} at ${index}`);
          });
          assert.equal(received.length, expected.length);
          opened.dispose();
        }
      }));
  }
});
