import assert from 'node:assert/strict';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../../architectures/graph/float_node.ts';
import type { FloatConv2dNode } from '../../../architectures/graph/operations/conv2d.ts';
import { type ConvertOptions, convertGraph } from '../../../quantize/convert/convert_graph.ts';
import type { ObservedRange } from '../../../quantize/convert/observed_range.ts';
import { isWeighted, tensorSpecs } from '../../../quantize/model/tf8_model.ts';
import { sumScales } from '../../../quantize/params/addition.ts';
import { weightScale } from '../../../quantize/params/weight_quantization.ts';
import { NO_PADDING } from '../../../quantize/params/window.ts';

const OPTIONS: ConvertOptions = {
  inputRange: { min: -1, max: 1 },
  labelOffset: 1,
  classNames: ['a', 'b'],
  provenance: {
    floatModel: 'by hand',
    floatWeightsSha256: 'none',
    calibrationImages: 3,
    calibrationData: 'by hand',
    zeroVariance: 'mean',
  },
};

/** 1 × 1 convolution of [2, 2, 2] to one channel; weights from −0.25 to 0.5. */
const CONV: FloatConv2dNode = {
  op: 'conv2d',
  name: 'conv',
  inputs: ['image'],
  kernel: Float32Array.of(0.5, -0.25),
  kernelShape: [1, 1, 2, 1],
  bias: Float32Array.of(0.1),
  strides: [1, 1],
  padding: NO_PADDING,
  activation: 'relu',
};

const POOL = {
  inputs: ['conv'],
  windowShape: [2, 2],
  strides: [1, 1],
  padding: NO_PADDING,
} as const;

function graphOf(...nodes: FloatNode[]): FloatGraph {
  return floatGraph({
    name: 'by hand',
    input: { name: 'image', shape: [2, 2, 2] },
    nodes,
    outputs: [nodes.at(-1)!.name],
  });
}

const END: FloatNode = {
  op: 'globalAveragePool',
  name: 'end',
  inputs: ['conv'],
};

function convert(
  graph: FloatGraph,
  ranges: Record<string, ObservedRange> = { conv: { min: 0, max: 2.55 } },
) {
  return convertGraph(graph, { ranges: new Map(Object.entries(ranges)), images: 3 }, OPTIONS);
}

describe('convertGraph', () => {
  it("quantizes the input by its preprocessing's range, not by the observed one", () => {
    const observed = { image: { min: -9, max: 9 }, conv: { min: 0, max: 2.55 } };
    const { input } = convert(graphOf(CONV, END), observed);
    // scale = f32(2 / 255), a little more than 2 / 255: 1 / scale = 127.49999… rounds to 127
    assert.deepEqual(input, {
      name: 'image',
      shape: [2, 2, 2],
      quantization: { scale: Math.fround(2 / 255), zeroPoint: 127 },
    });
  });

  it('quantizes weights by their own range and biases at scaleIn · scaleWeight (eq. 1 to 3)', () => {
    const [conv] = convert(graphOf(CONV, END)).nodes;
    assert.ok(conv !== undefined && isWeighted(conv));
    // [−0.25, 0.5]: 0.75 / 255 = 0.00294…, −0.25 → 0, 0 → 85, 0.5 → 255
    assert.deepEqual(conv.weights, {
      data: Uint8Array.of(255, 0),
      shape: [1, 1, 2, 1],
      quantization: { scale: Math.fround(0.75 / 255), zeroPoint: 85 },
    });
    // 0.1 / (2 / 255 · 0.75 / 255) = 0.1 · 43350 = 4335
    assert.deepEqual(conv.bias, Int32Array.of(4335));
    assert.deepEqual(conv.output, {
      shape: [2, 2, 1],
      quantization: { scale: Math.fround(0.01), zeroPoint: 0 },
    });
    assert.equal(conv.activation, 'relu');
  });

  it('widens every range to contain 0', () => {
    const conv = { ...CONV, kernel: Float32Array.of(0.5, 0.2) };
    const [node] = convert(graphOf(conv, END), { conv: { min: 1.275, max: 2.55 } }).nodes;
    assert.ok(node !== undefined && isWeighted(node));
    assert.deepEqual(node.output.quantization, { scale: Math.fround(0.01), zeroPoint: 0 });
    assert.deepEqual(node.weights.quantization, { scale: Math.fround(0.5 / 255), zeroPoint: 0 });
    assert.deepEqual(node.weights.data, Uint8Array.of(255, 102));
  });

  it('gives a layer whose weights and outputs are all 0 the scale 1', () => {
    const conv = { ...CONV, kernel: new Float32Array(2), bias: new Float32Array(1) };
    const [node] = convert(graphOf(conv, END), { conv: { min: 0, max: 0 } }).nodes;
    assert.ok(node !== undefined && isWeighted(node));
    assert.deepEqual(node.weights.quantization, { scale: 1, zeroPoint: 0 });
    assert.deepEqual(node.output.quantization, { scale: 1, zeroPoint: 0 });
  });

  for (const pool of [
    { ...POOL, op: 'averagePool2d', name: 'pool' },
    { ...POOL, op: 'maxPool2d', name: 'pool' },
    { ...END, name: 'pool' },
  ] as const) {
    it(`keeps the input's parameters through ${pool.op}, whatever was observed (eq. 6)`, () => {
      const ranges = { conv: { min: 0, max: 2.55 }, pool: { min: 0, max: 1 } };
      const model = convert(graphOf(CONV, pool), ranges);
      const specs = tensorSpecs(model);
      assert.deepEqual(specs.get('pool')!.quantization, specs.get('conv')!.quantization);
      assert.deepEqual(specs.get('pool')!.shape, [1, 1, 1]);
    });
  }

  it('gives a concatenation its own observed range', () => {
    const concat: FloatNode = {
      op: 'concat',
      axis: -1,
      name: 'concat',
      inputs: ['image', 'conv'],
    };
    const end: FloatNode = { ...END, inputs: ['concat'] };
    const model = convert(graphOf(CONV, concat, end), {
      conv: { min: 0, max: 2.55 },
      concat: { min: -2.55, max: 2.55 },
    });
    const { quantization } = tensorSpecs(model).get('concat')!;
    assert.deepEqual(quantization, { scale: Math.fround(0.02), zeroPoint: 128 });
  });

  it('hands labels and provenance on', () => {
    const { name, labelOffset, classNames, provenance } = convert(graphOf(CONV, END));
    assert.deepEqual(
      { name, labelOffset, classNames, provenance },
      {
        name: 'by hand',
        labelOffset: 1,
        classNames: ['a', 'b'],
        provenance: OPTIONS.provenance,
      },
    );
  });

  /** Two output channels; only the second has a bias. */
  function withBias(bias: number): FloatGraph {
    const conv: FloatConv2dNode = {
      ...CONV,
      kernel: Float32Array.of(0.5, -0.25, 0, 0),
      kernelShape: [1, 1, 2, 2],
      bias: Float32Array.of(0, bias),
    };
    return graphOf(conv, { ...END });
  }

  it('raises the weight scale of a layer whose bias would not fit int32, and says so', () => {
    const notes: string[] = [];
    const graph = withBias(1e6); // · 43350 > 2³¹
    const ranges = new Map([['conv', { min: 0, max: 1e6 }]]);
    const { nodes } = convertGraph(
      graph,
      { ranges, images: 3 },
      { ...OPTIONS, onNote: (note) => notes.push(note) },
    );
    const [conv] = nodes;
    assert.ok(conv !== undefined && isWeighted(conv));
    const { zeroPoint } = conv.weights.quantization;
    const scale = weightScale(conv.weights.quantization, 0);
    assert.equal(zeroPoint, 85);
    // room = 2³¹ − 1 − 2 · 128 · 170; scale = 1e6 / (room · 2 / 255)
    assert.ok(Math.abs(scale / (1e6 / ((2 ** 31 - 1 - 43520) * (2 / 255))) - 1) < 1e-6);
    assert.ok(conv.bias[1] <= 2 ** 31 - 1 - 43520 && conv.bias[1] > 2 ** 31 - 50_000);
    assert.deepEqual(conv.weights.data, Uint8Array.of(93, 81, 85, 85));
    assert.deepEqual(notes, [
      'The weights of conv are quantized 20.2 times as coarsely as their range allows: its biases would not fit int32 otherwise',
    ]);
  });

  it('refuses a bias that no scale makes fit, naming layer and channel', () => {
    assert.throws(() => convert(withBias(Infinity)), {
      name: 'QuantizationError',
      message: /bias that fits int32 at scale .* for channel 1 of conv but received Infinity/,
      remedy: /"mean"/,
    });
  });

  it('raises the weight scale where a bias fits but its sum with the products does not', () => {
    const conv = { ...CONV, bias: Float32Array.of(49537.5) }; // · 43350 = 2³¹ − 33023
    const [node] = convert(graphOf(conv, END)).nodes;
    assert.ok(node !== undefined && isWeighted(node));
    assert.ok(weightScale(node.weights.quantization, 0) > Math.fround(0.75 / 255));
  });

  it('refuses what TF8 has not, naming it', () => {
    const dropped: FloatNode = { op: 'dropout', name: 'dropped', inputs: ['conv'] };
    assert.throws(() => convert(graphOf(CONV, dropped)), {
      name: 'QuantizationError',
      message: /TF8 does not support dropped \(dropout\): the operation; it has Conv2D, /,
    });
    assert.throws(() => convert(graphOf({ ...CONV, activation: 'tanh' }, END)), {
      message: /TF8 does not support conv \(conv2d\): the activation tanh as a part; it has relu,/,
    });
  });

  it('makes a table of an activation that is no part of a layer (eq. 10)', () => {
    const tanh: FloatNode = {
      op: 'activation',
      name: 'tanh',
      inputs: ['conv'],
      activation: 'tanh',
    };
    const [, node] = convert(graphOf(CONV, tanh, { ...END, inputs: ['tanh'] }), {
      conv: { min: 0, max: 2.55 },
      tanh: { min: 0, max: 1 },
    }).nodes;
    assert.ok(node.op === 'lookup');
    assert.equal(node.function, 'tanh');
    assert.deepEqual(
      [0, 50, 100, 255].map((byte) => node.table[byte]),
      [0, 0.5, 1, 2.55].map((x) => Math.round(255 * Math.tanh(x))),
    );
  });

  it('gives a ReLU its bound by the range of its output', () => {
    const bounded = {
      ...CONV,
      activation: { kind: 'relu', max: 1.5, slope: 0, threshold: 0 } as const,
    };
    const [node] = convert(graphOf(bounded, END), { conv: { min: 0, max: 1.5 } }).nodes;
    assert.ok(isWeighted(node));
    assert.deepEqual(
      [node.activation, node.output.quantization],
      ['relu', { scale: Math.fround(1.5 / 255), zeroPoint: 0 }],
    );
  });

  it('gives sums and products the parameters of their own ranges', () => {
    const both = { inputs: ['conv', 'conv'], activation: 'relu6' } as const;
    const sum: FloatNode = { op: 'add', name: 'sum', ...both };
    const product: FloatNode = {
      op: 'multiply',
      name: 'product',
      ...both,
      inputs: ['sum', 'conv'],
    };
    const end = { ...END, inputs: ['product'] };
    const { nodes } = convert(graphOf(CONV, sum, product, end), {
      conv: { min: 0, max: 2.55 },
      sum: { min: 0, max: 5.1 },
      product: { min: 0, max: 2.55 },
    });
    assert.deepEqual(
      nodes.map(({ op, output }) => [op, output.quantization.scale]),
      [
        ['conv2d', Math.fround(0.01)],
        ['add', Math.fround(0.02)],
        ['multiply', Math.fround(0.01)],
        ['globalAveragePool', Math.fround(0.01)],
      ],
    );
  });

  it('keeps the scale of a sum that nearly vanishes within what eq. 9 allows', () => {
    const difference: FloatNode = {
      op: 'subtract',
      name: 'difference',
      inputs: ['conv', 'conv'],
      activation: 'linear',
    };
    const end = { ...END, inputs: ['difference'] };
    const [, node] = convert(graphOf(CONV, difference, end), {
      conv: { min: 0, max: 2.55 },
      difference: { min: 0, max: 1e-6 },
    }).nodes;
    assert.equal(
      node.output.quantization.scale,
      sumScales(Math.fround(0.01), Math.fround(0.01))[0],
    );
  });

  it('names the outputs where they are not the last node alone', () => {
    const ranges = { conv: { min: 0, max: 2.55 } };
    const graph = graphOf(CONV, END);
    assert.equal(convert(graph, ranges).outputs, undefined);
    for (const outputs of [['conv', 'end'], ['end', 'conv'], ['conv']]) {
      assert.deepEqual(convert({ ...graph, outputs }, ranges).outputs, outputs);
    }
  });

  it('refuses a layer that was not calibrated, naming it', () => {
    assert.throws(() => convert(graphOf(CONV, END), {}), {
      name: 'QuantizationError',
      message: 'Expected a calibrated range for conv but received none',
    });
  });
});
