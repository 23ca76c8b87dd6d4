import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shapeIn } from '../../../architectures/graph/float_graph.ts';
import { networkOfGraph } from '../../../architectures/graph/float_network.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { loadTflite, readTflite } from '../../../checkpoints/tflite/read_tflite.ts';
import {
  CONV_2D,
  FAKE_QUANT_RANGE,
  MAXIMUM,
  MINIMUM,
  MIRROR_PAD_MODE,
  PACK,
  REDUCER,
  RESIZE_BILINEAR,
  STRIDED_SLICE_MASKS,
  TENSOR_TYPE,
  UNPACK,
} from '../../../foundation/flatbuffers/tflite_schema.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { sharedFolder } from '../../support/skip.ts';
import { bytesOf, options, type WrittenTensor, writeTflite } from './write_tflite.ts';

const { float32, float16, int8, uint8, int32 } = TENSOR_TYPE;

/** Numbers of operators that are read only. */
const [MEAN, SUM] = [40, 74];

const IMAGE: WrittenTensor = { name: 'image', shape: [1, 2, 2, 3], type: float32 };
const RESULT: WrittenTensor = { name: 'result', shape: [1, 1, 1, 2], type: float32 };
const CONVOLUTION = {
  code: CONV_2D.code,
  inputs: [0, 1, 2],
  outputs: [3],
  options: options(CONV_2D.options, { padding: 1, strideWidth: 1, strideHeight: 1, activation: 1 }),
};
const BIAS: WrittenTensor = {
  name: 'bias',
  shape: [2],
  type: float32,
  data: bytesOf(Float32Array.of(0.5, -0.25)),
};
const KERNEL_SHAPE = [2, 2, 2, 3];

const kernel = (values: WrittenTensor): readonly WrittenTensor[] => [IMAGE, values, BIAS, RESULT];

/** The first node's kernel [2, 2, 3, 2]. */
function kernelOf(file: Uint8Array): readonly number[] {
  const [node] = readTflite(file, 'test.tflite').graph.nodes;
  assert.ok(node.op === 'conv2d');
  return [...node.kernel];
}

/** [M, kh, kw, C] → [kh, kw, C, M] of 2 outputs. */
const outputsLast = (values: readonly number[]) =>
  Array.from({ length: 24 }, (_, at) => values[(at % 2) * 12 + Math.floor(at / 2)]);

/** An operator of the image and, if given, a constant or the image again. */
function nodesOf(
  code: number,
  shape: readonly number[],
  second: WrittenTensor | 'image',
  written: ReturnType<typeof options>,
) {
  const isImage = second === 'image';
  const tensors = [IMAGE, ...(isImage ? [] : [second]), { ...RESULT, shape }];
  const inputs = [0, isImage ? 0 : 1];
  const file = writeTflite(tensors, [
    { code, inputs, outputs: [tensors.length - 1], options: written },
  ]);
  return readTflite(file, 'test.tflite').graph.nodes.map(
    ({ name: _, inputs: __, className: ___, ...fields }) => fields,
  );
}

describe('readTflite', () => {
  before(needsTensorFlow);

  const axes = (...values: number[]): WrittenTensor => ({
    name: 'axes',
    shape: [values.length],
    type: int32,
    data: bytesOf(Int32Array.from(values)),
  });

  it('reads means and sums over any axes of the images', () => {
    const kept = options(REDUCER, { keepDims: true });
    const dropped = options(REDUCER, {});
    assert.deepEqual(nodesOf(MEAN, [1, 1, 1, 3], axes(1, 2), kept), [
      { op: 'globalAveragePool', keepDims: true },
    ]);
    assert.deepEqual(nodesOf(MEAN, [1, 2, 2], axes(-1), dropped), [{ op: 'mean', axes: [2] }]);
    assert.deepEqual(nodesOf(SUM, [1, 1, 2, 1], axes(3, 1), kept), [
      { op: 'sum', axes: [0, 2], keepDims: true },
    ]);
    assert.throws(
      () => nodesOf(SUM, [2, 2, 3], axes(0), dropped),
      /the sum over the axes 0 of \[N,2,2,3\]; the images stay apart/,
    );
  });

  it('reads the greater and the lesser of two images, of an image and a number as a function', () => {
    const none = options({}, {});
    assert.deepEqual(nodesOf(MAXIMUM.code, [1, 2, 2, 3], 'image', none), [{ op: 'maximum' }]);
    assert.deepEqual(nodesOf(MINIMUM.code, [1, 2, 2, 3], 'image', none), [{ op: 'minimum' }]);
    const bound = { ...axes(0), type: float32, data: bytesOf(Float32Array.of(0.5)) };
    const [node] = nodesOf(MINIMUM.code, [1, 2, 2, 3], bound, none);
    assert.equal(node.op, 'activation');
  });

  it('reads bilinear resizing with its corners', () => {
    const size = axes(4, 5);
    for (const corners of ['aligned', 'halfPixel', 'asymmetric'] as const) {
      const written = options(RESIZE_BILINEAR.options, {
        alignCorners: corners === 'aligned',
        halfPixelCenters: corners === 'halfPixel',
      });
      assert.deepEqual(nodesOf(RESIZE_BILINEAR.code, [1, 4, 5, 3], size, written), [
        { op: 'resize', size: [4, 5], method: 'bilinear', corners },
      ]);
    }
  });

  const counted = Array.from({ length: 24 }, (_, index) => index - 12);

  it('reads a float convolution with its activation, outputs last', () => {
    const values = counted.map((value) => value / 8);
    const data = bytesOf(Float32Array.from(values));
    const file = writeTflite(kernel({ name: 'kernel', shape: KERNEL_SHAPE, type: float32, data }), [
      CONVOLUTION,
    ]);
    assert.deepEqual(kernelOf(file), outputsLast(values));
    const { graph, range, notes } = readTflite(file, 'folder/test.tflite');
    assert.deepEqual(
      [graph.name, graph.input.shape, range, notes],
      ['test', [2, 2, 3], undefined, []],
    );
    const [node] = graph.nodes;
    assert.ok(node.op === 'conv2d');
    assert.deepEqual(
      [node.name, node.activation, [...node.bias]],
      ['result', 'relu', [0.5, -0.25]],
    );
    assert.deepEqual(shapeIn(graph, 'result'), [1, 1, 2]);
  });

  it('takes int8 of a scale for each channel, uint8 of one and float16 for the numbers they stand for', () => {
    const scale = [0.5, 0.25];
    const perChannel = writeTflite(
      kernel({
        name: 'kernel',
        shape: KERNEL_SHAPE,
        type: int8,
        data: bytesOf(Int8Array.from(counted)),
        scale,
        zeroPoint: [0, 0],
      }),
      [CONVOLUTION],
    );
    const expected = counted.map((value, index) => value * scale[index < 12 ? 0 : 1]);
    assert.deepEqual(kernelOf(perChannel), outputsLast(expected));
    const perTensor = writeTflite(
      kernel({
        name: 'kernel',
        shape: KERNEL_SHAPE,
        type: uint8,
        data: Uint8Array.from(counted, (value) => value + 100),
        scale: [0.5],
        zeroPoint: [100],
      }),
      [CONVOLUTION],
    );
    assert.deepEqual(kernelOf(perTensor), outputsLast(counted.map((value) => value / 2)));
    // 1.5, −2, the smallest number above 0, and 0
    const halves = [0x3e00, 0xc000, 0x0001, 0];
    const half = writeTflite(
      kernel({
        name: 'kernel',
        shape: KERNEL_SHAPE,
        type: float16,
        data: bytesOf(Uint16Array.from(counted, (_, index) => halves[index % 4])),
      }),
      [CONVOLUTION],
    );
    const numbers = counted.map((_, index) => [1.5, -2, 2 ** -24, 0][index % 4]);
    assert.deepEqual(kernelOf(half), outputsLast(numbers));
    assert.match(
      readTflite(half, 'm').notes[0],
      /^\(dequantized\) 1 of its 2 constants are float16:/,
    );
  });

  it('takes the range of a quantized input for that of the images, and a range from 0 on for a ReLU', () => {
    const quantized = (scale: number, zeroPoint: number, bound: number) =>
      writeTflite(
        [
          { ...IMAGE, type: uint8, scale: [scale], zeroPoint: [zeroPoint] },
          {
            name: 'kernel',
            shape: KERNEL_SHAPE,
            type: int8,
            data: bytesOf(Int8Array.from(counted)),
            scale: [1],
          },
          {
            name: 'bias',
            shape: [2],
            type: int32,
            data: bytesOf(Int32Array.of(8, 9)),
            scale: [0.5],
          },
          { ...RESULT, type: uint8, scale: [bound / 255], zeroPoint: [0] },
        ],
        [
          {
            ...CONVOLUTION,
            options: options(CONV_2D.options, { padding: 1, strideWidth: 1, strideHeight: 1 }),
          },
        ],
      );
    const read = (...args: Parameters<typeof quantized>) => {
      const { graph, range } = readTflite(quantized(...args), 'm.tflite');
      const [node] = graph.nodes;
      assert.ok(node.op === 'conv2d');
      return { range, activation: node.activation, bias: [...node.bias] };
    };
    assert.deepEqual(read(2 / 255, 127, 6), {
      range: { min: -1, max: 1 },
      activation: 'relu6',
      bias: [4, 4.5],
    });
    assert.deepEqual(read(1, 0, 9), {
      range: { min: 0, max: 255 },
      activation: 'relu',
      bias: [4, 4.5],
    });
    assert.deepEqual(read(0.5, 100, 9).range, { min: -50, max: 77.5 });
  });

  it('reads or refuses a file that was cut off anywhere', () => {
    const data = bytesOf(Float32Array.from(counted));
    const tensors = kernel({ name: 'kernel', shape: KERNEL_SHAPE, type: float32, data });
    const file = writeTflite(tensors, [CONVOLUTION]);
    for (let length = 0; length < file.length; length++) {
      try {
        readTflite(file.slice(0, length), 'cut.tflite');
      } catch (error) {
        assert.equal((error as Error).name, 'UserError');
        assert.match((error as Error).message, /cut\.tflite/);
      }
    }
  });

  it('names an operator that no graph holds, and where it is', () => {
    const file = writeTflite(
      [IMAGE, { ...IMAGE, name: 'sorted;boxes' }],
      [{ code: 48, inputs: [0], outputs: [1] }],
    );
    assert.throws(() => readTflite(file, 'm.tflite'), {
      name: 'UserError',
      message:
        'Expected a network of operations that tf8 has but sorted of m.tflite is TOPK_V2: it does not have the operator',
      remedy: /boxes, top classes/,
    });
  });

  it('ends before an operator that no graph holds: what that reads is an output', () => {
    const data = bytesOf(Float32Array.from(counted));
    const tensors = kernel({ name: 'kernel', shape: KERNEL_SHAPE, type: float32, data });
    const file = writeTflite(
      [...tensors, { ...IMAGE, name: 'sorted' }, { ...IMAGE, name: 'square' }],
      [
        CONVOLUTION,
        { code: 48, inputs: [3], outputs: [4] },
        { code: 92, inputs: [4], outputs: [5] },
      ],
    );
    const { graph, unread, origin } = readTflite(file, 'm.tflite');
    assert.deepEqual(graph.outputs, ['result']);
    assert.deepEqual([...origin.outputs], [['result', '3']]);
    assert.deepEqual(unread, [
      { name: 'sorted', op: 'TOPK_V2', reason: 'the operator' },
      { name: 'square', op: 'SQUARE', reason: undefined },
    ]);
  });

  it('reads channels of zeros as columns of zeros of the image turned', () => {
    const sides = bytesOf(Int32Array.of(0, 0, 1, 0, 0, 0, 1, 2));
    const file = writeTflite(
      [
        IMAGE,
        { name: 'sides', shape: [4, 2], type: int32, data: sides },
        { name: 'padded', shape: [1, 3, 2, 6], type: float32 },
      ],
      [{ code: 34, inputs: [0, 1], outputs: [2] }],
    );
    const { graph } = readTflite(file, 'm.tflite');
    assert.deepEqual(
      graph.nodes.map(({ op, name }) => [op, graph.shapes.get(name)]),
      [
        ['pad', [3, 2, 3]],
        ['transpose', [3, 3, 2]],
        ['pad', [3, 6, 2]],
        ['transpose', [3, 2, 6]],
      ],
    );
  });

  const ints = (name: string, ...values: number[]): WrittenTensor => ({
    name,
    shape: [values.length],
    type: int32,
    data: bytesOf(Int32Array.from(values)),
  });
  const BIG: WrittenTensor = { name: 'image', shape: [1, 2, 3, 4], type: float32 };
  /** 0 to 23 through one operator of the image and constants; the last output. */
  function computed(
    code: number,
    constants: readonly WrittenTensor[],
    written: ReturnType<typeof options>,
    { outputs = 1, inputs = [0, ...constants.map((_, at) => at + 1)] } = {},
  ): readonly number[] {
    const results = Array.from({ length: outputs }, (_, at) => ({ ...RESULT, name: `out${at}` }));
    const tensors = [BIG, ...constants, ...results];
    const made = results.map((_, at) => 1 + constants.length + at);
    const file = writeTflite(tensors, [{ code, inputs, outputs: made, options: written }]);
    const runner = new FloatRunner(readTflite(file, 'm.tflite').graph);
    const images = Float32Array.from({ length: 24 }, (_, at) => at);
    const values = [...runner.outputs(images, [1, 2, 3, 4])[0]];
    runner.dispose();
    return values;
  }

  it('reads parts by steps and masks, of given sizes, of each index, and stacks of tensors', () => {
    const masks = options(STRIDED_SLICE_MASKS, { begin: 1, end: 9, shrinkAxis: 2 });
    // image[:, 1, 0:3:2, 1:]
    const by = [ints('b', 0, 1, 0, 1), ints('e', 9, 2, 3, 0), ints('s', 1, 1, 2, 1)];
    assert.deepEqual(computed(45, by, masks), [13, 14, 15, 21, 22, 23]);
    const sizes = [ints('sizes', 1, -1), ints('axis', 3)];
    assert.deepEqual(
      computed(102, sizes, options({}, {}), { outputs: 2 }),
      Array.from({ length: 24 }, (_, at) => at).filter((at) => at % 4 > 0),
    );
    const last = computed(88, [], options(UNPACK, { axis: 2 }), { outputs: 3 });
    assert.deepEqual(last, [8, 9, 10, 11, 20, 21, 22, 23]);
    const stacked = computed(83, [], options(PACK, { axis: -1 }), { inputs: [0, 0] });
    assert.deepEqual(
      stacked,
      Array.from({ length: 48 }, (_, at) => at >> 1),
    );
    assert.throws(
      () => computed(45, [ints('b', 0, 2), ints('e', 1, 0), ints('s', 1, -1)], options({}, {})),
      /a part of axis 1 from 2 by steps of -1/,
    );
  });

  it('reads rows and columns of an image around it, its outermost ones again or not', () => {
    const sides = ints('sides', 0, 0, 1, 0, 0, 2, 0, 0);
    const rows = (mode: number) =>
      computed(100, [sides], options(MIRROR_PAD_MODE, { mode })).filter((_, at) => at % 4 === 0);
    const upper = [0, 4, 8];
    const lower = [12, 16, 20];
    const beside = ([a, b, c]: number[], isSymmetric: boolean) =>
      isSymmetric ? [a, b, c, c, b] : [a, b, c, b, a];
    assert.deepEqual(
      rows(0),
      [lower, upper, lower].flatMap((row) => beside(row, false)),
    );
    assert.deepEqual(
      rows(1),
      [upper, upper, lower].flatMap((row) => beside(row, true)),
    );
    const far = ints('sides', 0, 0, 2, 0, 0, 0, 0, 0);
    assert.throws(
      () => computed(100, [far], options(MIRROR_PAD_MODE, { mode: 0 })),
      /borders of \[0,0,2,0,0,0,0,0\]/,
    );
  });

  it('reads the greatest over an image, squares, and the range that training kept to', () => {
    assert.deepEqual(computed(82, [ints('axes', 1, 2)], options(REDUCER, {})), [20, 21, 22, 23]);
    const two = { ...ints('two', 0), data: bytesOf(Float32Array.of(2)), type: float32 };
    assert.equal(computed(78, [two], options({}, {})).at(-1), 529);
    const kept = computed(80, [], options(FAKE_QUANT_RANGE, { min: -1, max: 6 }));
    assert.deepEqual([kept[3], kept.at(-1)], [3, 6]);
  });

  it('names the type of a constant that it does not read', () => {
    const bytes = kernel({ name: 'kernel', shape: KERNEL_SHAPE, type: TENSOR_TYPE.int4 });
    const tensors = bytes.map((tensor) =>
      tensor.name === 'kernel' ? { ...tensor, data: new Uint8Array(12) } : tensor,
    );
    assert.throws(
      () => readTflite(writeTflite(tensors, [CONVOLUTION]), 'm.tflite'),
      /kernel of m.tflite is a constant: it does not have constants of the type int4/,
    );
  });

  // Of quantized weights alone the float graph is exact; LiteRT computes in 8 bits where activations are, too.
  for (const [name, tolerance] of [
    ['float32', 2e-6],
    ['float16', 2e-6],
    ['uint8', 0.05],
  ] as const) {
    it(`computes what LiteRT does of a ${name} file, to ${tolerance}`, async () => {
      const folder = join(import.meta.dirname, 'fixtures');
      const floats = async (file: string) =>
        new Float32Array(Uint8Array.from(await readFile(join(folder, file))).buffer);
      const { graph, range } = await loadTflite(join(folder, `${name}.tflite`));
      assert.deepEqual(range, name === 'uint8' ? { min: -1, max: 1 } : undefined);
      const runner = new FloatRunner(graph);
      const [outputs] = runner.outputs(await floats('images.bin'), [2, 24, 24, 3]);
      runner.dispose();
      const expected = await floats(`${name}_outputs.bin`);
      assert.equal(outputs.length, expected.length);
      const farthest = Math.max(...outputs.map((value, at) => Math.abs(value - expected[at])));
      assert.ok(farthest < tolerance, `${farthest}`);
    });
  }

  it('reads MobileNetV2 of Google, whose layers of Keras compute the same', async function () {
    this.timeout(60_000);
    const path = join(sharedFolder(this, 'models'), 'tf2_mobilenet_v2_1.0_224_ptq.tflite');
    const { graph, range } = readTflite(await readFile(path), path);
    assert.deepEqual(range, { min: -1, max: 1 });
    assert.equal(graph.nodes.filter(({ op }) => op === 'add').length, 10);
    assert.deepEqual(shapeIn(graph, graph.outputs[0]), [1001]);
    const network = networkOfGraph(graph);
    const again = readLayersModel(network.layersModel);
    const images = Float32Array.from({ length: 224 * 224 * 3 }, (_, at) => Math.sin(at / 50));
    const [a, b] = [graph, again].map((each) => {
      const runner = new FloatRunner(each);
      const [probabilities] = runner.outputs(images, [1, 224, 224, 3]);
      runner.dispose();
      return probabilities;
    });
    assert.ok(a.every((value, at) => Math.abs(value - b[at]) < 1e-5));
    network.dispose();
  });
});
