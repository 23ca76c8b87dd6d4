import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { type FloatGraph, shapeIn } from '../../../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../../../architectures/graph/float_runner.ts';
import { layersModelOf } from '../../../../architectures/graph/layers_model_of.ts';
import { replacedChannels } from '../../../../architectures/graph/passes/fold_batch_norms.ts';
import { recognizeMobileNetV1 } from '../../../../architectures/recognize_mobilenet_v1.ts';
import { STANDARD } from '../../../../architectures/variants.ts';
import { readFrozenGraph } from '../../../../checkpoints/graph_def/frozen_graph.ts';
import { loadModelFolder } from '../../../../checkpoints/store/model_store.ts';
import { UserError } from '../../../../foundation/errors.ts';
import { fuseGraph } from '../../../../quantize/convert/fuse.ts';
import { disposeModels } from '../../../support/dispose_models.ts';
import { inFolder } from '../../../support/in_folder.ts';
import { needsTensorFlow } from '../../../support/needs_tensorflow.ts';
import { liveMobileNet, predictions, twoImages } from '../../live_mobilenet.ts';
import { type BatchNormForm, GraphFixture, mobileNetGraph } from './graph_fixture.ts';

/** Wide enough for its output to depend on the image. */
const SIZES = { widthMultiplier: 0.25, resolution: 32, classes: 5 };

const FORMS: readonly BatchNormForm[] = [
  'fused',
  'arithmetic',
  'centred',
  'folded',
  'fused convolution',
];

function assertClose(received: Float32Array, expected: Float32Array, tolerance = 1e-5): void {
  assert.equal(received.length, expected.length);
  received.forEach((value, index) => {
    assert.ok(
      Math.abs(value - expected[index]) <= tolerance,
      `element ${index}: expected ${expected[index]} but received ${value}`,
    );
  });
}

async function refuses(graph: GraphFixture, what: RegExp): Promise<void> {
  await assert.rejects(readFrozenGraph(graph.frozen(), 'graph.pb'), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, what);
    return true;
  });
}

/** The network ends before a node, for the reason that is told. */
async function endsBefore(graph: GraphFixture, what: RegExp): Promise<void> {
  const { unread } = await readFrozenGraph(graph.frozen(), 'graph.pb');
  const [{ name, op, reason }] = unread;
  assert.match(`node ${name} (${op}) ${reason}`, what);
}

/** A slice [0:4, 0:4, …] by other steps, or with other masks. */
function strided(
  graph: GraphFixture,
  x: string,
  {
    by = [1, 1],
    masks = {},
  }: { readonly by?: readonly number[]; readonly masks?: Record<string, { i: number }> },
): string {
  const bounds = (name: string, value: number) =>
    graph.integers(
      name,
      by.map(() => value),
    );
  return graph.add(
    'strided',
    'StridedSlice',
    [x, bounds('from', 0), bounds('to', 4), graph.integers('by', by)],
    { begin_mask: { i: 1 }, end_mask: { i: 1 }, ...masks },
  );
}

/** What a float graph makes of images. */
function floatPredictions(graph: FloatGraph, x: tf.Tensor4D): Float32Array {
  const runner = new FloatRunner(graph);
  const [output] = runner.outputs(x.dataSync<'float32'>().slice(), x.shape);
  runner.dispose();
  return output;
}

/** A loop that scales each image and brings it to 6 × 6, then a convolution of all. */
function loopOverImages(isTensorFlow1: boolean): GraphFixture {
  const graph = new GraphFixture();
  const scalar = (name: string, value: number) => {
    graph.constants.set(name, { shape: [], values: Int32Array.of(value) });
    return graph.add(name, 'Const', []);
  };
  const images = graph.input([-1, -1, -1, 2]);
  const entered = (name: string, from: string) => {
    const merge = graph.add(`${name}/merge`, 'Merge', [
      graph.add(`${name}/enter`, 'Enter', [from]),
      `${name}/next`,
    ]);
    return graph.add(`${name}/switch`, 'Switch', [merge, 'condition']);
  };
  const shape = graph.integers('element', [-1, -1, 2]);
  const counter = entered('counter', scalar('zero', 0));
  const index = graph.add('index', 'Identity', [`${counter}:1`]);
  let item: string;
  let stacked: string;
  const made = (from: string) => {
    const scaled = graph.add('scaled', 'Mul', [from, graph.floats('factor', [], [1 / 127.5])]);
    const moved = graph.add('moved', 'Sub', [scaled, graph.floats('offset', [], [1])]);
    const batch = graph.add('batch', 'ExpandDims', [moved, scalar('axis', 0)]);
    const size = graph.integers('size', [6, 6]);
    const resized = graph.add('resized', 'ResizeBilinear', [batch, size]);
    return graph.add('one', 'Squeeze', [resized], { squeeze_dims: { ints: [0] } });
  };
  if (isTensorFlow1) {
    const [read, written] = ['read', 'written'].map((name) =>
      graph.add(name, 'TensorArrayV3', [scalar(`${name}/size`, 1)]),
    );
    const indices = graph.integers('indices', [0]);
    const scattered = graph.add('list', 'TensorArrayScatterV3', [read, indices, images, read]);
    const flow = graph.add('flow', 'Enter', [scattered]);
    item = graph.add('item', 'TensorArrayReadV3', [read, index, flow]);
    const out = entered('out', `${written}:1`);
    graph.add('set', 'TensorArrayWriteV3', [written, index, made(item), `${out}:1`]);
    graph.add('out/next', 'NextIteration', ['set']);
    const exit = graph.add('exit', 'Exit', [out]);
    stacked = graph.add('stack', 'TensorArrayGatherV3', [written, indices, exit]);
  } else {
    const list = entered('list', graph.add('unstack', 'TensorListFromTensor', [images, shape]));
    item = graph.add('item', 'TensorListGetItem', [`${list}:1`, index, shape]);
    graph.add('list/next', 'NextIteration', [`${list}:1`]);
    const out = entered('out', graph.add('reserve', 'TensorListReserve', [shape, 'zero']));
    graph.add('set', 'TensorListSetItem', [`${out}:1`, index, made(item)]);
    graph.add('out/next', 'NextIteration', ['set']);
    stacked = graph.add('stack', 'TensorListStack', [graph.add('exit', 'Exit', [out]), shape]);
  }
  graph.add('counter/next', 'NextIteration', [
    graph.add('sum', 'AddV2', [`${counter}:1`, scalar('step', 1)]),
  ]);
  graph.add('condition', 'LoopCond', [
    graph.add('less', 'Less', ['counter/merge', scalar('rounds', 1)]),
  ]);
  graph.conv('conv', stacked, graph.floats('kernel', [1, 1, 2, 3], [1, 2, 3, 4, 5, 6]), 1);
  return graph;
}

/** input [N, 4, 4, 2] → convolution → what `middle` adds → mean → [N, 3]. */
function small(
  middle: (graph: GraphFixture, x: string) => string,
  shape: readonly number[] = [-1, 4, 4, 2],
): GraphFixture {
  const graph = new GraphFixture();
  const values = Array.from({ length: 6 }, (_, index) => 0.4 * index - 1);
  const kernel = graph.floats('kernel', [1, 1, 2, 3], values);
  const x = graph.conv('conv', graph.input(shape), kernel, 1);
  const image = middle(graph, x);
  graph.add('mean', 'Mean', [image, graph.integers('axes', [1, 2])], { keep_dims: { b: false } });
  return graph;
}

describe('a frozen graph', () => {
  before(needsTensorFlow);

  afterEach(disposeModels);

  for (const isDepthwise of [false, true]) {
    it(`reads a dilated ${isDepthwise ? 'depthwise ' : ''}convolution, an attribute or spelled out`, async () => {
      const values = Float32Array.from({ length: isDepthwise ? 27 : 81 }, (_, i) => Math.sin(i));
      const shape: [number, number, number, number] = [3, 3, 3, isDepthwise ? 1 : 3];
      const graphs = [
        small((graph, x) =>
          graph.dilatedConv('dilated', x, graph.floats('taps', shape, values), 2, isDepthwise),
        ),
        ...[0, 2].map((crop) =>
          small((graph, x) =>
            graph.spacedConv('dilated', x, graph.floats('taps', shape, values), {
              ...{ dilation: 2, padding: 2, crop, isDepthwise },
            }),
          ),
        ),
      ];
      const x = Float32Array.from({ length: 32 }, (_, i) => Math.cos(i));
      const expected = tf.tidy(() => {
        const kernel = tf.tensor4d(
          Array.from({ length: 6 }, (_, index) => 0.4 * index - 1),
          [1, 1, 2, 3],
        );
        const y = tf.conv2d(tf.tensor4d(x, [1, 4, 4, 2]), kernel, 1, 'same');
        const taps = tf.tensor4d(values, shape);
        const z = isDepthwise
          ? tf.depthwiseConv2d(y, taps, 1, 'same', 'NHWC', 2)
          : tf.conv2d(y, taps, 1, 'same', 'NHWC', 2);
        return z.mean([1, 2]).dataSync<'float32'>();
      });
      for (const graph of graphs) {
        const { graph: read } = await readFrozenGraph(graph.frozen(), 'graph.pb');
        const received = floatPredictions(read, tf.tensor4d(x, [1, 4, 4, 2]));
        assertClose(received, expected);
        assertClose(predictions(layersModelOf(read), tf.tensor4d(x, [1, 4, 4, 2])), expected);
        const fused = fuseGraph(read, { zeroVariance: 'keep' });
        const dilated = fused.nodes.find((node) => 'dilations' in node);
        assert.equal(dilated?.op, isDepthwise ? 'depthwiseConv2d' : 'conv2d');
      }
    });
  }

  it('reads grouped and transposed convolutions and PReLU', async () => {
    const some = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i));
    const graph = small((made, x) => {
      const wide = made.conv('wide', x, made.floats('wide_kernel', [1, 1, 3, 4], some(12)), 1);
      const taps = made.floats('taps', [3, 3, 2, 6], some(108));
      const grouped = made.conv('grouped', wide, taps, 1);
      const slopes = made.floats('slopes', [1, 1, 6], some(6));
      const prelu = made.add('prelu', 'Prelu', [grouped, slopes]);
      const kernel = made.floats('back', [3, 3, 3, 6], some(162));
      return made.add(
        'transposed',
        'Conv2DBackpropInput',
        [made.integers('size', [1, 8, 8, 3]), kernel, prelu],
        {
          padding: { s: 'SAME' },
          data_format: { s: 'NHWC' },
          strides: { ints: [1, 2, 2, 1] },
        },
      );
    });
    const x = tf.tensor4d(some(32), [1, 4, 4, 2]);
    const expected = tf.tidy(() => {
      const kernel = tf.tensor4d(
        Array.from({ length: 6 }, (_, index) => 0.4 * index - 1),
        [1, 1, 2, 3],
      );
      const wide = tf.conv2d(
        tf.conv2d(x, kernel, 1, 'same'),
        tf.tensor4d(some(12), [1, 1, 3, 4]),
        1,
        'same',
      );
      const taps = tf.split<tf.Tensor4D>(tf.tensor4d(some(108), [3, 3, 2, 6]), 2, 3);
      const groups = tf
        .split<tf.Tensor4D>(wide, 2, 3)
        .map((part, g) => tf.conv2d(part, taps[g], 1, 'same'));
      const slopes: tf.Tensor = tf.tensor3d(some(6), [1, 1, 6]);
      const prelu = tf.prelu<tf.Tensor>(tf.concat(groups, 3), slopes) as tf.Tensor4D;
      const back = tf.tensor4d(some(162), [3, 3, 3, 6]);
      const made = tf.conv2dTranspose(prelu, back, [1, 8, 8, 3], 2, 'same');
      return made.mean([1, 2]).dataSync<'float32'>();
    });
    const { graph: read } = await readFrozenGraph(graph.frozen(), 'graph.pb');
    const ops = read.nodes.map(({ op }) => op);
    assert.ok(ops.includes('transposedConv2d') && ops.includes('prelu'), ops.join());
    assertClose(floatPredictions(read, x), expected);
    assertClose(floatPredictions(fuseGraph(read, { zeroVariance: 'keep' }), x), expected);
  });

  for (const form of FORMS) {
    it(`is the same network with batch norms ${form}`, async () => {
      const { model: expectedModel, tensors } = liveMobileNet(SIZES);
      const { graph, notes, unread } = await readFrozenGraph(
        mobileNetGraph(SIZES, form, tensors).frozen(),
        'graph.pb',
      );
      assert.deepEqual([notes, unread], [[], []]);
      const x = twoImages(SIZES.resolution);
      const expected = predictions(expectedModel, x);
      const [first, second] = [expected.slice(0, SIZES.classes), expected.slice(SIZES.classes)];
      assert.ok(
        first.some((value, index) => Math.abs(value - second[index]) > 1e-3),
        `${first} and ${second} tell nothing`,
      );
      assertClose(floatPredictions(graph, x), expected);
      const recognized = recognizeMobileNetV1(graph)!;
      assertClose(predictions(recognized.model, x), expected);
      assert.deepEqual(recognized.config, { ...SIZES, variant: STANDARD });
      const isFolded = form === 'folded' || form === 'fused convolution';
      assert.equal(recognized.foldedBatchNorms.length, isFolded ? 27 : 0);
      tf.dispose([x]);
    });
  }

  for (const form of ['fused', 'arithmetic', 'centred'] as const) {
    it(`keeps the variances that Option 1 replaces with batch norms ${form}`, async () => {
      const { tensors } = liveMobileNet(SIZES);
      const name = 'MobilenetV1/Conv2d_1_depthwise/BatchNorm/moving_variance';
      tensors.get(name)!.values.set([0, 1e-30], 2);
      const { graph } = await readFrozenGraph(
        mobileNetGraph(SIZES, form, tensors).frozen(),
        'graph.pb',
      );
      const replaced = replacedChannels(fuseGraph(graph, { zeroVariance: 'mean' }));
      assert.deepEqual([...replaced.values()], [[2, 3]]);
    });
  }

  it('reads sums and products of images, one value a channel too', async () => {
    const graph = small((g, x) => {
      const both = g.add('both_of', 'IdentityN', [x, g.add('relu', 'Relu', [x])]);
      const product = g.add('product', 'Mul', [`${both}:1`, both]);
      const axes = g.integers('both', [1, 2]);
      const mean = g.add('centre', 'Mean', [x, axes], { keep_dims: { b: true } });
      return g.add('sum', 'AddV2', [g.add('gated', 'Mul', [product, mean]), x]);
    });
    const { graph: read } = await readFrozenGraph(graph.frozen(), 'graph.pb');
    const x = tf.randomUniform([2, 4, 4, 2], -1, 1, 'float32', 5) as tf.Tensor4D;
    const expected = tf.tidy(() => {
      const kernel = tf.tensor4d(
        Array.from({ length: 6 }, (_, index) => 0.4 * index - 1),
        [1, 1, 2, 3],
      );
      const image = tf.conv2d(x, kernel, 1, 'same');
      const gated = image
        .relu()
        .mul(image)
        .mul(image.mean([1, 2], true));
      return gated.add(image).mean([1, 2]).dataSync<'float32'>();
    });
    assertClose(floatPredictions(read, x), expected);
    tf.dispose([x]);
  });

  it('leaves out what turns pixels into our input, and says so', async () => {
    const live = liveMobileNet(SIZES);
    const scaled = (factor: number, offset: number) => {
      const graph = mobileNetGraph(SIZES, 'fused', live.tensors);
      const first = graph.nodes.findIndex(({ name }) => name.endsWith('Conv2d_0/convolution'));
      graph.nodes[first] = {
        ...graph.nodes[first],
        inputs: ['scaled', graph.nodes[first].inputs[1]],
      };
      graph.add('product', 'Mul', ['input', graph.floats('factor', [], [factor])]);
      graph.add('scaled', 'Sub', ['product', graph.floats('offset', [], [offset])]);
      return graph;
    };
    const { graph, notes } = await readFrozenGraph(scaled(2, 1).frozen(), 'graph.pb');
    assert.match(notes.join(), /the graph scales pixels of \[0, 1\] to \[-1, 1\] itself/);
    const x = twoImages(SIZES.resolution);
    assertClose(floatPredictions(graph, x), predictions(live.model, x));
  });

  it('says what it takes pixels for', async () => {
    const scaled = (scale: number, offset: number, shape: readonly number[] = []) => {
      const graph = new GraphFixture();
      const count = shape.at(-1) ?? 1;
      const factors = graph.floats('factor', shape, Array(count).fill(scale));
      const product = graph.add('product', 'Mul', [graph.input([-1, 4, 4, 2]), factors]);
      const offsets = Array.from({ length: count }, (_, channel) => offset * (1 + channel));
      const sum = graph.add('sum', 'Add', [product, graph.floats('offset', shape, offsets)]);
      const kernel = graph.floats('kernel', [1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
      const x = graph.conv('conv', sum, kernel, 1);
      graph.add('mean', 'Mean', [x, graph.integers('axes', [1, 2])], { keep_dims: { b: false } });
      return readFrozenGraph(graph.frozen(), 'graph.pb');
    };
    assert.equal((await readFrozenGraph(small((_, x) => x).frozen(), 'g')).range, undefined);
    assert.deepEqual((await scaled(1 / 255, 0)).range, { min: 0, max: 1 });
    assert.deepEqual((await scaled(1 / 127.5, -1)).range, { min: -1, max: 1 });
    assert.deepEqual((await scaled(1, -127)).range, { min: -127, max: 128 });
    assert.deepEqual((await scaled(4, -2)).range, { min: -2, max: 2 });
    // By channel, it stays in the network; images are pixels.
    const { range, graph, notes } = await scaled(1 / 64, -1, [1, 1, 1, 2]);
    assert.deepEqual(range, { min: 0, max: 255 });
    assert.match(notes.join(), /scales the channels of pixels of \[0, 255\] itself/);
    const x = tf.fill([1, 4, 4, 2], 128) as tf.Tensor4D;
    // (128 / 64 − 1, 128 / 64 − 2) · [[1, 2, 3], [4, 5, 6]]
    assertClose(floatPredictions(graph, x), Float32Array.of(1, 2, 3));
  });

  it('is read for 224 × 224 where it leaves the size open, and says so', async () => {
    const { graph, notes } = await readFrozenGraph(
      small((_, x) => x, [-1, -1, -1, 2]).frozen(),
      'graph.pb',
    );
    assert.deepEqual(graph.input.shape, [224, 224, 2]);
    assert.match(notes.join(), /leaves the size of its images open: it is read for 224 × 224/);
  });

  it('gives nodes whose names tfjs does not take others', async () => {
    const { graph } = await readFrozenGraph(
      small((g, x) => g.add('_a b', 'Relu', [g.add('_a\nb', 'Relu', [x])])).frozen(),
      'graph.pb',
    );
    const names = graph.nodes.map(({ name }) => name);
    assert.deepEqual(names.slice(0, 3), ['conv', 'node_a_b', 'node_a_b_']);
  });

  it('has all outputs, also images, in the order of the file', async () => {
    const graph = small((g, x) => {
      g.add('other', 'Relu', [x]);
      return x;
    });
    const { graph: read, unread } = await readFrozenGraph(graph.frozen(), 'graph.pb');
    assert.deepEqual([read.outputs, unread], [['other', 'mean'], []]);
    assert.deepEqual(
      read.outputs.map((name) => shapeIn(read, name)),
      [[4, 4, 3], [3]],
    );
  });

  it('ends where the float graph has no operation, and says what is left out', async () => {
    const graph = small((g, x) => {
      const relu = g.add('relu', 'Relu', [x]);
      const top = g.add('top', 'TopKV2', [x, g.integers('k', [2])]);
      g.add('best', 'GatherV2', [relu, `${top}:1`, g.integers('gather_axis', [3])]);
      return x;
    });
    const { graph: read, unread } = await readFrozenGraph(graph.frozen(), 'graph.pb');
    assert.deepEqual(read.outputs, ['mean', 'conv', 'relu']);
    assert.deepEqual(
      unread.map(({ name, op }) => `${name} ${op}`),
      ['top TopKV2', 'best GatherV2'],
    );
  });

  it('leaves out a loop, and a second input that feeds only what is left out', async () => {
    const graph = small((g, x) => {
      const limit = g.add('limit', 'Placeholder', [], { shape: { shape: [] } });
      const entered = g.add('enter', 'Enter', [g.add('relu', 'Relu', [x])]);
      const merged = g.add('merge', 'Merge', [entered, 'next']);
      const chosen = g.add('switch', 'Switch', [merged, limit]);
      g.add('next', 'NextIteration', [`${chosen}:1`]);
      g.add('exit', 'Exit', [chosen]);
      return x;
    });
    const { graph: read, unread } = await readFrozenGraph(graph.frozen(), 'graph.pb');
    assert.deepEqual(read.outputs, ['mean', 'relu']);
    assert.deepEqual(unread.map(({ op }) => op).sort(), [
      'Enter',
      'Exit',
      'Merge',
      'NextIteration',
      'Placeholder',
      'Switch',
    ]);
  });

  it('reads an image without its batch, one by one', async () => {
    const graph = new GraphFixture();
    const image = graph.add('image', 'Unpack', [graph.input([1, 4, 4, 2])], {
      axis: { i: 0 },
      num: { i: 1 },
    });
    const [first, second] = ['first', 'second'].map((name) => {
      graph.constants.set(name, { shape: [], values: Int32Array.of(0) });
      return graph.add(name, 'Const', []);
    });
    const batch = graph.add('batch', 'ExpandDims', [image, first]);
    const squeezed = graph.add('squeezed', 'Squeeze', [batch], { squeeze_dims: { ints: [0] } });
    const doubled = graph.add('doubled', 'Mul', [squeezed, graph.floats('two', [], [2])]);
    const x = graph.add('again', 'ExpandDims', [doubled, second]);
    graph.conv('conv', x, graph.floats('kernel', [1, 1, 2, 3], [1, 2, 3, 4, 5, 6]), 1);
    const { graph: read, range, unread } = await readFrozenGraph(graph.frozen(), 'graph.pb');
    assert.deepEqual([read.nodes.length, unread, range], [1, [], { min: 0, max: 2 }]);
  });

  for (const isTensorFlow1 of [false, true]) {
    it(`reads a loop over the images as what it does with one, in ${isTensorFlow1 ? 'arrays' : 'lists'}`, async () => {
      const graph = loopOverImages(isTensorFlow1);
      const { graph: read, range, unread, notes } = await readFrozenGraph(graph.frozen(), 'g.pb');
      assert.deepEqual(
        read.nodes.map(({ name, op }) => `${name} ${op}`),
        ['conv conv2d'],
      );
      // What images are brought to is the size that they have.
      assert.deepEqual([read.input.shape, unread, range], [[6, 6, 2], [], { min: -1, max: 1 }]);
      assert.match(notes.join(), /leaves the size of its images open: it is read for 6 × 6/);
    });
  }

  const constant = (graph: GraphFixture, name: string, ...values: number[]) =>
    graph.floats(name, values.length === 1 ? [] : [values.length], values);
  const WINDOW = { ksize: { ints: [1, 2, 2, 1] }, strides: { ints: [1, 2, 2, 1] } };
  const explicitMaximum = (g: GraphFixture, x: string) =>
    g.add('max', 'MaxPool', [x], {
      ...WINDOW,
      padding: { s: 'EXPLICIT' },
      explicit_paddings: { ints: [0, 0, 1, 1, 1, 1, 0, 0] },
    });
  const SUPPORTED: Readonly<Record<string, (graph: GraphFixture, x: string) => string>> = {
    'max(x, 0)': (g, x) => g.add('relu', 'Maximum', [x, constant(g, 'zero', 0)]),
    'min(max(x, 0), 6)': (g, x) =>
      g.add('relu6', 'Minimum', [
        g.add('relu', 'Maximum', [x, constant(g, 'zero', 0)]),
        constant(g, 'six', 6),
      ]),
    'a product and a sum by channel': (g, x) =>
      g.add('sum', 'AddV2', [
        constant(g, 'shift', 1, 2, 3),
        g.add('product', 'Mul', [x, constant(g, 'scale', 2, -1, 0.5)]),
      ]),
    'a constant minus the image, divided': (g, x) =>
      g.add('quotient', 'RealDiv', [
        g.add('difference', 'Sub', [constant(g, 'one', 1), x]),
        constant(g, 'divisor', 4),
      ]),
    'a product after an activation': (g, x) =>
      g.add('product', 'Mul', [g.add('relu', 'Relu', [x]), constant(g, 'two', 2)]),
    'bounds of any kind': (g, x) =>
      g.add('min', 'Minimum', [
        g.add('clip', 'ClipByValue', [x, constant(g, 'least', -0.5), constant(g, 'most', 0.75)]),
        g.add('max', 'Maximum', [constant(g, 'bound', -0.25), x]),
      ]),
    'the maximum, the minimum and the difference of images': (g, x) => {
      const relu = g.add('relu', 'Relu', [x]);
      const half = g.add('half', 'Mul', [x, constant(g, 'factor', 0.5)]);
      const max = g.add('max', 'Maximum', [half, x]);
      const min = g.add('min', 'Minimum', [g.add('tanh', 'Tanh', [relu]), max]);
      return g.add('difference', 'Sub', [min, g.add('sigmoid', 'Sigmoid', [x])]);
    },
    'means over rows, then columns': (g, x) => {
      const mean = (name: string, from: string, axis: number, keep: boolean) => {
        const axes = g.integers(`${name}_axes`, [axis]);
        return g.add(name, 'Mean', [from, axes], { keep_dims: { b: keep } });
      };
      const row = mean('row', x, 1, true);
      const columns = g.add('columns', 'ConcatV2', [x, row, g.integers('axis', [1])]);
      const rows = g.add('expanded', 'Reshape', [
        mean('flat', columns, -2, false),
        g.integers('expanded_shape', [-1, 5, 1, 3]),
      ]);
      return rows;
    },
    'means and sums over channels, and over several axes': (g, x) => {
      const over = (name: string, op: string, from: string, axes: number[], keep: boolean) =>
        g.add(name, op, [from, g.integers(`${name}_axes`, axes)], { keep_dims: { b: keep } });
      const weights = over('weights', 'Mean', x, [3], true);
      const sums = over('sums', 'Sum', x, [1, -1], true);
      const whole = over('whole', 'Sum', x, [2, 1, 3], true);
      const flat = over('flat', 'Mean', x, [2, 3], false);
      const rows = g.add('rows', 'Reshape', [flat, g.integers('rows_shape', [-1, 4, 1, 1])]);
      const join = (name: string, axis: number, ...from: string[]) =>
        g.add(name, 'ConcatV2', [...from, g.integers(`${name}_axis`, [axis])]);
      const all = join('all', 2, join('left', 1, weights, sums), join('right', 1, rows, whole));
      return join('end', 3, all, g.add('positive', 'Relu', [all]));
    },
    'slices, with and without steps, and dropped axes': (g, x) => {
      const slice = g.add('slice', 'Slice', [
        x,
        g.integers('begin', [0, 1, 0, 0]),
        g.integers('size', [-1, 3, -1, 3]),
      ]);
      const strided = g.add(
        'strided',
        'StridedSlice',
        [
          slice,
          g.integers('from', [0, 0, -3]),
          g.integers('to', [0, 0, 4]),
          g.integers('by', [1, 1, 2]),
        ],
        { begin_mask: { i: 3 }, end_mask: { i: 3 } },
      );
      const row = g.add(
        'row',
        'StridedSlice',
        [
          strided,
          g.integers('row_from', [0, 1, 0, 0]),
          g.integers('row_to', [0, 2, 0, 0]),
          g.integers('row_by', [1, 1, 1, 1]),
        ],
        {
          begin_mask: { i: 13 },
          end_mask: { i: 13 },
          shrink_axis_mask: { i: 2 },
        },
      );
      return g.add('image', 'Reshape', [row, g.integers('image_shape', [-1, 1, 2, 3])]);
    },
    'parts of channels and rows, joined in another order along other axes': (g, x) => {
      const axis = g.integers('channels', [3]);
      const parts = g.add('parts', 'Split', [axis, x], { num_split: { i: 3 } });
      const rows = g.add('rows', 'SplitV', [
        `${parts}:2`,
        g.integers('sizes', [1, -1]),
        g.integers('rows_axis', [1]),
      ]);
      g.constants.set('channels', { shape: [], values: Int32Array.of(3) });
      g.constants.set('rows_axis', { shape: [], values: Int32Array.of(1) });
      const joined = g.add('joined', 'ConcatV2', [`${rows}:1`, rows, g.integers('axis', [-3])]);
      const all = g.add('all', 'ConcatV2', [parts, joined, `${parts}:1`, axis], {
        N: { i: 3 },
      });
      return g.add('wide', 'ConcatV2', [all, x, g.integers('wide_axis', [2])]);
    },
    'depth to space, back and other axes': (g, x) => {
      const four = g.add('four', 'ConcatV2', [x, x, x, x, g.integers('axis', [3])], {
        N: { i: 4 },
      });
      const space = g.add('space', 'DepthToSpace', [four], {
        block_size: { i: 2 },
        data_format: { s: 'NHWC' },
      });
      const turned = g.add('turned', 'Transpose', [space, g.integers('order', [0, 2, 3, 1])]);
      const back = g.add('back', 'Transpose', [turned, g.integers('back_order', [0, 3, 1, 2])]);
      return g.add('wide', 'ConcatV2', [back, space, g.integers('wide_axis', [1])]);
    },
    'an image twice as large, by its own size': (g, x) => {
      const size = g.add(
        'size',
        'StridedSlice',
        [
          g.add('shape', 'Shape', [x]),
          g.integers('from', [1]),
          g.integers('to', [3]),
          g.integers('by', [1]),
        ],
        {},
      );
      const twice = g.add('twice', 'Mul', [size, g.integers('two', [2, 2])]);
      const larger = g.add('larger', 'ResizeNearestNeighbor', [x, twice], {
        align_corners: { b: false },
        half_pixel_centers: { b: true },
      });
      return g.add('square', 'Mul', [larger, larger]);
    },
    'channels of zeros around an image with zeros around it': (g, x) => {
      const pad = g.add('pad', 'Pad', [x, g.integers('sides', [0, 0, 1, 0, 0, 1, 1, 2])]);
      g.constants.set('sides', { shape: [4, 2], values: g.constants.get('sides')!.values });
      return pad;
    },
    'rows and columns of an image around it': (g, x) => {
      const mirror = (name: string, from: string, mode: string, ...sides: number[]) => {
        const padded = g.add(name, 'MirrorPad', [from, g.integers(`${name}_sides`, sides)], {
          mode: { s: mode },
        });
        g.constants.set(`${name}_sides`, { shape: [4, 2], values: Int32Array.from(sides) });
        return padded;
      };
      const reflected = mirror('reflected', x, 'REFLECT', 0, 0, 2, 1, 0, 3, 0, 0);
      return mirror('doubled', reflected, 'SYMMETRIC', 0, 0, 0, 2, 1, 0, 0, 0);
    },
    'exponentials and roots': (g, x) =>
      g.add('exp', 'Exp', [g.add('sqrt', 'Sqrt', [g.add('square', 'Square', [x])])]),
    'error functions': (g, x) => g.add('erf', 'Erf', [x]),
    'a sum of three images, absolute values, squares and negatives': (g, x) =>
      g.add(
        'sum',
        'AddN',
        [g.add('abs', 'Abs', [x]), g.add('square', 'Square', [x]), g.add('neg', 'Neg', [x])],
        { N: { i: 3 } },
      ),
    'the maximum over rows and columns': (g, x) =>
      g.add('gated', 'Mul', [
        x,
        g.add('most', 'Max', [x, g.integers('most_axes', [1, 2])], { keep_dims: { b: true } }),
      ]),
    'an image three times as high and twice as wide, by stacks': (g, x) => {
      const columns = g.add('columns', 'Pack', [x, x], { axis: { i: 3 }, N: { i: 2 } });
      const rows = g.add('rows', 'Pack', [columns, columns, columns], {
        axis: { i: 2 },
        N: { i: 3 },
      });
      const size = g.integers('size', [-1, 12, 8, 3]);
      return g.add('square', 'Square', [g.add('upsampled', 'Reshape', [rows, size])]);
    },
    'padding, pools and a concatenation': (g, x) => {
      const pad = g.add('pad', 'Pad', [x, g.integers('sides', [0, 0, 1, 0, 0, 1, 0, 0])]);
      g.constants.set('sides', { shape: [4, 2], values: g.constants.get('sides')!.values });
      const pool = (name: string, op: string) =>
        g.add(name, op, [pad], { ...WINDOW, padding: { s: 'VALID' } });
      return g.add('concat', 'ConcatV2', [
        pool('max', 'MaxPool'),
        pool('average', 'AvgPool'),
        g.integers('axis', [3]),
      ]);
    },
  };
  for (const [title, middle] of Object.entries(SUPPORTED)) {
    it(`computes ${title} as tfjs does`, () =>
      inFolder(async (folder) => {
        const graph = small(middle);
        const { graph: read } = await readFrozenGraph(graph.frozen(), 'graph.pb');
        const x = tf.randomUniform([2, 4, 4, 2], -2, 2, 'float32', 3) as tf.Tensor4D;
        const { json, weights } = graph.graphModel();
        const others = await tf.loadGraphModel(
          tf.io.fromMemory({
            modelTopology: json.modelTopology,
            weightSpecs: json.weightsManifest[0].weights,
            weightData: new Uint8Array(weights).buffer,
          }),
        );
        const expected = predictions(others, x);
        assertClose(floatPredictions(read, x), expected);
        const float = fuseGraph(read, { zeroVariance: 'keep' });
        assertClose(floatPredictions(float, x), expected);
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, 'model.json'), JSON.stringify(json));
        await writeFile(join(folder, 'group1-shard1of1.bin'), weights);
        const loaded = await loadModelFolder(folder);
        assert.equal(loaded.format, 'tfjs GraphModel');
        assertClose(predictions(loaded.model, x), expected);
      }));
  }

  it('makes one function of a maximum of one image and a part of it, and of bounds', async () => {
    const graph = small((g, x) => {
      const part = g.add('part', 'Mul', [x, constant(g, 'slope', 0.1)]);
      const leaky = g.add('leaky', 'Maximum', [x, part]);
      const pooled = g.add('pooled', 'MaxPool', [leaky], { ...WINDOW, padding: { s: 'VALID' } });
      return g.add('bounded', 'Maximum', [pooled, constant(g, 'least', -0.5)]);
    });
    const { graph: read } = await readFrozenGraph(graph.frozen(), 'graph.pb');
    const { nodes } = fuseGraph(read, { zeroVariance: 'keep' });
    assert.deepEqual(
      nodes.map(({ op }) => op),
      ['conv2d', 'activation', 'maxPool2d', 'activation', 'globalAveragePool'],
    );
  });

  it('takes EXPLICIT padding of a maximum behind a ReLU for zeros around it', async () => {
    const x = tf.randomUniform([2, 4, 4, 2], -2, 2, 'float32', 3) as tf.Tensor4D;
    const pooledRelu = (g: GraphFixture, from: string) =>
      g.add('first', 'MaxPool', [g.add('relu', 'Relu', [from])], {
        ...WINDOW,
        padding: { s: 'VALID' },
      });
    const [explicit, padded] = [
      small((g, from) => explicitMaximum(g, pooledRelu(g, from))),
      small((g, from) => {
        const pad = g.add('pad', 'Pad', [
          pooledRelu(g, from),
          g.integers('sides', [0, 0, 1, 1, 1, 1, 0, 0]),
        ]);
        g.constants.set('sides', { shape: [4, 2], values: g.constants.get('sides')!.values });
        return g.add('max', 'MaxPool', [pad], { ...WINDOW, padding: { s: 'VALID' } });
      }),
    ];
    const of = async (graph: GraphFixture) =>
      floatPredictions((await readFrozenGraph(graph.frozen(), 'graph.pb')).graph, x);
    assertClose(await of(explicit), await of(padded), 0);
  });

  const ENDS: Readonly<Record<string, [GraphFixture, RegExp]>> = {
    'an operation that TF8 has not': [
      small((g, x) => g.add('activation', 'Sin', [x])),
      /node activation \(Sin\) the operation; it has .*Conv2D.*Softmax/,
    ],
    'bounds of their own for channels': [
      small((g, x) => g.add('clip', 'Minimum', [x, constant(g, 'most', 1, 2, 3)])),
      /node clip \(Minimum\) .*a constant of float32 \[3\]/,
    ],
    'bounds in the wrong order': [
      small((g, x) =>
        g.add('clip', 'ClipByValue', [x, constant(g, 'least', 2), constant(g, 'most', 1)]),
      ),
      /node clip \(ClipByValue\) .*bounds of \[2, 1\]/,
    ],
    'bounds that are no numbers': [
      small((g, x) => g.add('clip', 'Minimum', [x, constant(g, 'most', Number.NaN)])),
      /node clip \(Minimum\) .*the bound NaN/,
    ],
    'a quotient of two images': [
      small((g, x) => g.add('quotient', 'RealDiv', [x, g.add('relu', 'Relu', [x])])),
      /node quotient \(RealDiv\) .*between two images; it has sums, differences, products, minima/,
    ],
    'a slice of other axes': [
      small((g, x) =>
        g.add('slice', 'Slice', [x, g.integers('begin', [0, 0]), g.integers('size', [-1, 1])]),
      ),
      /node slice \(Slice\) .*a slice \[0,0\] of \[-1,1\] of \[4,4,3\]/,
    ],
    'a slice that ends outside': [
      small((g, x) =>
        g.add('slice', 'Slice', [
          x,
          g.integers('begin', [0, 2, 0, 0]),
          g.integers('size', [-1, 3, 4, 3]),
        ]),
      ),
      /node slice \(Slice\) .*a slice \[2,0,0\] of \[3,4,3\] of \[4,4,3\]/,
    ],
    'a slice backwards': [
      small((g, x) => strided(g, x, { by: [1, -1] })),
      /node strided \(StridedSlice\) .*forwards/,
    ],
    'a new axis': [
      small((g, x) => strided(g, x, { masks: { new_axis_mask: { i: 2 } } })),
      /node strided \(StridedSlice\) .*a new axis/,
    ],
    'a slice of too many axes': [
      small((g, x) => strided(g, x, { by: [1, 1, 1, 1, 1] })),
      /node strided \(StridedSlice\) .*a slice of 5 axes of \[4,4,3\]/,
    ],
    'a slice whose place the image says': [
      small((g, x) => g.add('slice', 'Slice', [x, x, x])),
      /node slice \(Slice\) .*input 1, which must be known/,
    ],
    'parts that are not equal': [
      small((g, x) =>
        g.add('parts', 'Split', [g.integers('axis', [3]), x], { num_split: { i: 2 } }),
      ),
      /node parts \(Split\) .*parts of \[\] along the axis 3 of \[4,4,3\]/,
    ],
    'images in the place of channels': [
      small((g, x) => g.add('turned', 'Transpose', [x, g.integers('order', [1, 0, 2, 3])])),
      /node turned \(Transpose\) .*the axes \[1,0,2,3\] of \[4,4,3\]/,
    ],
    'blocks that do not fit': [
      small((g, x) =>
        g.add('space', 'DepthToSpace', [x], {
          block_size: { i: 2 },
          data_format: { s: 'NHWC' },
        }),
      ),
      /node space \(DepthToSpace\) .*blocks of 2 of \[4,4,3\] \(NHWC\)/,
    ],
    'an absurd size': [
      small((g, x) => g.add('large', 'ResizeBilinear', [x, g.integers('size', [1e6, 1])])),
      /node large \(ResizeBilinear\) .*a size of \[1000000,1\] of \[4,4,3\]/,
    ],
    'a concatenation of images of several sizes': [
      small((g, x) => {
        const slice = g.add('slice', 'Slice', [
          x,
          g.integers('begin', [0, 0, 0, 0]),
          g.integers('size', [-1, 3, 4, 3]),
        ]);
        return g.add('joined', 'ConcatV2', [x, slice, g.integers('axis', [3])]);
      }),
      /node joined \(ConcatV2\) .*its axis 3 of \[4,4,3\], \[3,4,3\]/,
    ],
    'a constant of other channels': [
      small((g, x) => g.add('sum', 'BiasAdd', [x, constant(g, 'bias', 1, 2)])),
      /node sum \(BiasAdd\) .*a constant of float32 \[2\]; it has float32 \[3\]/,
    ],
    'a maximum over zeros around values that may be negative': [
      small((g, x) => explicitMaximum(g, x)),
      /node max \(MaxPool\) .*EXPLICIT padding around values that may be negative/,
    ],
    'a batch norm in training': [
      small((g, x) =>
        g.add('norm', 'FusedBatchNorm', [
          x,
          ...['a', 'b', 'c', 'd'].map((name) => constant(g, name, 1, 1, 1)),
        ]),
      ),
      /node norm \(FusedBatchNorm\) .*a batch norm in training/,
    ],
    'channels in front': [
      small((g, x) => g.add('next', 'Conv2D', [x, 'kernel'], { data_format: { s: 'NCHW' } })),
      /node next \(Conv2D\) .*weights of \[1,1,2,3\] over \[4,4,3\]/,
    ],
    'a mean over the images': [
      small((g, x) => g.add('part', 'Mean', [x, g.integers('axis', [0])])),
      /node part \(Mean\) .*a mean over the axes \[0\] of \[N,4,4,3\]/,
    ],
  };
  for (const [title, [graph, message]] of Object.entries(ENDS)) {
    it(`ends a network before ${title}`, () => endsBefore(graph, message));
  }

  const REFUSED: Readonly<Record<string, [GraphFixture, RegExp]>> = {
    'an operation before the first convolution that TF8 has not': [
      (() => {
        const graph = new GraphFixture();
        const x = graph.add('activation', 'Sin', [graph.input([-1, 4, 4, 2])]);
        graph.conv('conv', x, graph.floats('kernel', [1, 1, 2, 3], [1, 2, 3, 4, 5, 6]), 1);
        return graph;
      })(),
      /TF8 does not support node activation \(Sin\) of graph\.pb: the operation; it has/,
    ],
    'two inputs of images': [
      small((g, x) => {
        const other = g.add('other', 'Placeholder', [], { shape: { shape: [-1, 4, 4, 2] } });
        return g.add('sum', 'AddV2', [x, g.conv('second', other, 'kernel', 1)]);
      }),
      /Expected one input of images in graph\.pb but received 2: input \[\?,4,4,2\], other \[\?,4,4,2\]/,
    ],
    'a node that is not there': [
      small((g, x) => g.add('sum', 'BiasAdd', [x, 'gone'])),
      /graph\.pb is not a usable frozen graph: expected a node gone but there is none/,
    ],
    'a cycle': [
      small((g, x) => g.add('relu', 'Relu', [g.add('sum', 'AddV2', [x, 'relu'])])),
      /expected a graph without cycles but node relu needs itself/,
    ],
    'images of an absurd size': [
      small((_, x) => x, [-1, 1e6, 1e6, 2]),
      /node input \(Placeholder\) .*images of \[1000000,1000000,2\]; sides are 1 to 4096/,
    ],
  };
  for (const [title, [graph, message]] of Object.entries(REFUSED)) {
    it(`refuses ${title}`, () => refuses(graph, message));
  }
});
