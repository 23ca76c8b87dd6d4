import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { showFloatVerification } from '../../../scripts/commands/verify.ts';
import { verifyFloat } from '../../../workflows/verify/verify_float.ts';
import { GraphFixture } from '../../checkpoints/graph_def/network/graph_fixture.ts';
import { contextOf, picture, saveTinyModel, writeImage } from '../../scripts/support.ts';
import { disposeModels } from '../../support/dispose_models.ts';
import { inFolder } from '../../support/in_folder.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';

/** Pixels that are scaled, a convolution, and two outputs behind which there is more. */
async function saveGraph(folder: string, kernel = [1, 2, 3, 4, 5, 6, 7, 8, 9]): Promise<void> {
  const graph = new GraphFixture();
  const scaled = graph.add('scaled', 'Mul', [
    graph.input([-1, 8, 8, 3]),
    graph.floats('factor', [], [1 / 127.5]),
  ]);
  const moved = graph.add('moved', 'Sub', [scaled, graph.floats('offset', [], [1])]);
  const x = graph.conv('conv', moved, graph.floats('kernel', [1, 1, 3, 3], kernel), 1);
  const bias = graph.add('bias', 'BiasAdd', [x, graph.floats('biases', [3], [1, 2, 3])]);
  const parts = graph.add('parts', 'Split', ['axis', bias], { num_split: { i: 3 } });
  graph.constants.set('axis', { shape: [], values: Int32Array.of(3) });
  graph.add('axis', 'Const', []);
  graph.add('top', 'TopKV2', [graph.add('relu', 'Relu', [bias]), graph.integers('k', [2])]);
  graph.add('last', 'Sigmoid', [`${parts}:2`]);
  const { json, weights } = graph.graphModel();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  await writeFile(join(folder, 'group1-shard1of1.bin'), weights);
}

describe('verifyFloat', () => {
  before(needsTensorFlow);

  afterEach(disposeModels);

  it('holds every output of a GraphModel to what tfjs-converter makes of the same pixels', () =>
    inFolder(async (folder) => {
      await saveGraph(folder);
      const result = await verifyFloat({ model: folder, limit: 3, seed: 1 }, contextOf());
      assert.match(result.runtime, /^tfjs-converter 4\./);
      assert.deepEqual(
        result.outputs.map(({ name, shape }) => [name, shape]),
        [
          ['last', [8, 8, 1]],
          ['relu', [8, 8, 3]],
        ],
      );
      assert.deepEqual([result.images, result.dataset, result.isEqual], [3, 'noise', true]);
      assert.ok(result.outputs.every(({ range }) => range > 0.1));
      assert.match(showFloatVerification(result), /same within 0\.0001 of its range$/);
      const other = showFloatVerification({ ...result, isEqual: false });
      assert.match(other, /an output differs by more than 0\.0001 of its range$/);
    }));

  it('runs a LayersModel on photographs', () =>
    inFolder(async (folder) => {
      await saveTinyModel(join(folder, 'model'), 1001);
      await writeImage(join(folder, 'images'), 0, '0.png', await picture(0));
      const result = await verifyFloat(
        { model: join(folder, 'model'), data: join(folder, 'images'), limit: 1, seed: 0 },
        contextOf(),
      );
      assert.match(result.runtime, /^TensorFlow\.js 4\..* \(layers\)$/);
      assert.deepEqual([result.images, result.isEqual], [1, true]);
    }));

  it('refuses a model that no other program runs here', () =>
    inFolder(async (folder) => {
      const graph = new GraphFixture();
      const kernel = graph.floats('kernel', [1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      graph.conv('conv', graph.input([-1, 8, 8, 3]), kernel, 1);
      const file = join(folder, 'frozen.pb');
      await writeFile(file, graph.frozen());
      await assert.rejects(verifyFloat({ model: file, limit: 1, seed: 0 }, contextOf()), {
        name: 'UserError',
        message:
          /Expected a model that another program runs here but .* is a TensorFlow frozen graph/,
        remedy: /tfjs model, a float \.tflite or \.onnx file, or a network that Keras saved/,
      });
    }));
});
