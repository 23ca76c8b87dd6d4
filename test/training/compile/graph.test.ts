import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import type * as tfn from '@tensorflow/tfjs-node';
import { SavedModelSchema } from '../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import {
  compiledDtype,
  dtypeAttribute,
  floatAttribute,
  intAttribute,
  intsAttribute,
  shapeAttribute,
  stringAttribute,
  tensorAttribute,
} from '../../../training/compile/attributes.ts';
import { Graph, nodeOf } from '../../../training/compile/graph.ts';
import { outputName, savedModelBytes } from '../../../training/compile/saved_model.ts';
import { Session } from '../../../training/compile/session.ts';
import { VariableGraph } from '../../../training/compile/variable_graph.ts';
import { inFolder } from '../../support/in_folder.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';

/** sum = a + b and difference = a − b, [2] each. */
function arithmetic() {
  const graph = new Graph();
  const a = graph.placeholder('f/a', [2], 'float32');
  const b = graph.constant('f/b', [10, 20], [2], 'float32');
  const attributes = { T: dtypeAttribute('float32') };
  const info = { shape: [2], dtype: 'float32' as const };
  const outputs = {
    sum: { tensor: graph.node('AddV2', 'f/sum', [a, b], { attributes }), ...info },
    difference: { tensor: graph.node('Sub', 'f/difference', [a, b], { attributes }), ...info },
  };
  return { graph, signatures: { arithmetic: { inputs: { a: { tensor: a, ...info } }, outputs } } };
}

describe('Graph', () => {
  const names = (graph: Graph) => graph.nodes.map(({ name }) => name);

  it('keeps nodes in the order they were added, with names of their own', () => {
    const graph = new Graph();
    const given = ['f/Add', 'f/Add_1', 'f/Add', 'f/Add', 'f/Add_1'].map((name) =>
      graph.node('Add', name, []),
    );
    assert.deepEqual(given, ['f/Add', 'f/Add_1', 'f/Add_1_1', 'f/Add_2', 'f/Add_1_2']);
    assert.deepEqual(names(graph), given);
  });

  it('replaces what TensorFlow does not allow in names', () => {
    const graph = new Graph();
    const given = ['a b:c^', '^a', '_a', '/a', 'ä'].map((name) => graph.node('NoOp', name, []));
    for (const name of given) assert.match(name, /^[A-Za-z0-9.][A-Za-z0-9_./-]*$/);
    assert.equal(new Set(given).size, given.length);
  });

  it('lets a node wait for others, once each', () => {
    const graph = new Graph();
    const [a, b] = [graph.node('NoOp', 'a', []), graph.node('NoOp', 'b', [])];
    const c = graph.node('Identity', 'c', [a], { after: [a, b] });
    graph.runAfter(c, b);
    assert.deepEqual(graph.nodes.at(-1)!.input, ['a', '^a', '^b']);
  });

  it('starts from another one without changing it', () => {
    const { graph } = arithmetic();
    const before = names(graph);
    const larger = new Graph(graph);
    assert.equal(larger.node('NoOp', 'f/sum', []), 'f/sum_1');
    assert.deepEqual(names(larger), [...before, 'f/sum_1']);
    assert.deepEqual(names(graph), before);
  });

  it('tells the node and the full name of an output', () => {
    assert.deepEqual(['f/a', 'f/a:2'].map(nodeOf), ['f/a', 'f/a']);
    assert.deepEqual(['f/a', 'f/a:2'].map(outputName), ['f/a:0', 'f/a:2']);
  });
});

describe('attributes', () => {
  it('have the numbers of TensorFlow’s types', () => {
    assert.deepEqual(
      (['float32', 'int32', 'bool', 'resource'] as const).map(
        (dtype) => dtypeAttribute(dtype).value.value,
      ),
      [1, 3, 10, 20], // tensorflow/core/framework/types.proto
    );
  });

  it('hold numbers, strings and shapes', () => {
    assert.deepEqual(intAttribute(-3).value, { case: 'i', value: -3n });
    assert.deepEqual(floatAttribute(0.5).value, { case: 'f', value: 0.5 });
    assert.deepEqual(stringAttribute('é').value, { case: 's', value: Uint8Array.of(0xc3, 0xa9) });
    const { value: list } = intsAttribute([1, 2]);
    assert.deepEqual(list.case === 'list' && list.value.i, [1n, 2n]);
    const { value: shape } = shapeAttribute([-1, 3]);
    assert.deepEqual(shape.case === 'shape' && shape.value.dim.map(({ size }) => size), [-1n, 3n]);
  });

  it('write tensors little-endian, a byte a boolean', () => {
    const contents = (...args: Parameters<typeof tensorAttribute>) => {
      const { value } = tensorAttribute(...args);
      return value.case === 'tensor' ? [...value.value.tensorContent] : undefined;
    };
    assert.deepEqual(contents([1, -2], [2], 'int32'), [1, 0, 0, 0, 254, 255, 255, 255]);
    assert.deepEqual(contents([1], [], 'float32'), [0, 0, 128, 63]);
    assert.deepEqual(contents([true, false], [2], 'bool'), [1, 0]);
  });

  it('refuse dtypes that are not compiled', () => {
    assert.equal(compiledDtype('bool'), 'bool');
    for (const dtype of ['string', 'complex64']) {
      assert.throws(() => compiledDtype(dtype), {
        name: 'InvalidValueError',
        message: `Expected a dtype of float32, int32 or bool but received ${dtype}`,
      });
    }
  });
});

describe('savedModelBytes', () => {
  it('writes one MetaGraph, tagged "serve", with the nodes and signatures', () => {
    const { graph, signatures } = arithmetic();
    const { savedModelSchemaVersion, metaGraphs } = fromBinary(
      SavedModelSchema,
      savedModelBytes(graph, signatures),
    );
    assert.equal(savedModelSchemaVersion, 1n);
    assert.equal(metaGraphs.length, 1);
    const [{ metaInfoDef, graphDef, signatureDef }] = metaGraphs as [(typeof metaGraphs)[0]];
    assert.deepEqual(metaInfoDef!.tags, ['serve']);
    assert.deepEqual(
      graphDef!.node.map(({ op, name, input }) => [op, name, ...input]),
      [
        ['Placeholder', 'f/a'],
        ['Const', 'f/b'],
        ['AddV2', 'f/sum', 'f/a', 'f/b'],
        ['Sub', 'f/difference', 'f/a', 'f/b'],
      ],
    );
    const { inputs, outputs } = signatureDef.arithmetic;
    assert.equal(inputs.a.name, 'f/a:0');
    assert.deepEqual(Object.keys(outputs), ['sum', 'difference']);
  });

  it('writes what tf.node.loadSavedModel reads and runs', async function () {
    await needsTensorFlow.call(this);
    const tf: typeof tfn = await import('@tensorflow/tfjs-node');
    const { graph, signatures } = arithmetic();
    await inFolder(async (root) => {
      const folder = join(root, 'model');
      await mkdir(folder);
      await writeFile(join(folder, 'saved_model.pb'), savedModelBytes(graph, signatures));
      const [metaGraph] = await tf.node.getMetaGraphsFromSavedModel(folder);
      assert.deepEqual(metaGraph.tags, ['serve']);
      const { inputs, outputs } = metaGraph.signatureDefs.arithmetic;
      assert.deepEqual(inputs, {
        a: { dtype: 'float32', tfDtype: 'DT_FLOAT', name: 'f/a:0', shape: inputs.a.shape },
      });
      assert.deepEqual(Object.keys(outputs).sort(), ['difference', 'sum']);
      const model = await tf.node.loadSavedModel(folder, ['serve'], 'arithmetic');
      const a = tf.tensor1d([1, 2]);
      const { sum, difference } = model.predict({ a }) as tfn.NamedTensorMap;
      assert.deepEqual([...sum.dataSync(), ...difference.dataSync()], [11, 22, -9, -18]);
      tf.dispose([a, sum, difference]);
      model.dispose();
    });
  });
});

describe('Session', () => {
  let tf: typeof import('@tensorflow/tfjs');

  before(async function () {
    await needsTensorFlow.call(this);
    tf = await import('@tensorflow/tfjs');
  });

  it('runs what the outputs need', () => {
    const { graph, signatures } = arithmetic();
    const unfed = graph.placeholder('f/unfed', [], 'float32');
    const session = new Session(savedModelBytes(graph, signatures));
    const a = tf.tensor1d([1, 2]);
    const [difference] = session.run([['f/a', a]], ['f/difference']);
    assert.deepEqual([...difference.dataSync()], [-9, -18]);
    assert.deepEqual(session.run([], []), []);
    assert.throws(
      () => session.run([['f/a', a]], [unfed]),
      /You must feed a value for placeholder/,
    );
    session.dispose();
    tf.dispose([a, difference]);
  });

  it('keeps its variables apart from those of another session of the same graph', () => {
    const graph = new VariableGraph();
    const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
    graph.handle(variable);
    const { feeds, assigned, values } = graph.access();
    const sessions = [1, 2].map(() => new Session(savedModelBytes(graph, {})));
    const numbers = [5, 7].map((number) => tf.scalar(number));
    sessions.forEach((session, i) => {
      tf.dispose(session.run([[feeds[0], numbers[i]]], [assigned]));
    });
    const read = sessions.map((session) => session.run([], values)[0]);
    assert.deepEqual(
      read.map((value) => value.dataSync()[0]),
      [5, 7],
    );
    tf.dispose([...read, ...numbers, variable]);
    for (const session of sessions) session.dispose();
  });

  it('gives libtensorflow’s message for a graph that it refuses', () => {
    const graph = new Graph();
    graph.node('NoSuchOp', 'broken', []);
    assert.throws(() => new Session(savedModelBytes(graph, {})), /NoSuchOp/);
  });
});
