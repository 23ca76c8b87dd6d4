import assert from 'node:assert/strict';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../../architectures/graph/float_node.ts';
import { FloatNodes } from '../../../architectures/graph/float_nodes.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { NO_PADDING } from '../../../architectures/graph/window.ts';
import { Analyzer } from '../../../quantize/analyze/analyzer.ts';
import { quantizeGraph } from '../../../quantize/convert/quantize_graph.ts';
import { AS_PUBLISHED, BEST, type Recipe } from '../../../quantize/convert/recipe.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { C } from '../../../quantize/export/c/c.ts';
import { EXPORT_FORMATS } from '../../../quantize/export/formats.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import { decodeTf8, encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { outputNode } from '../../../quantize/model/tf8_model.ts';
import { someImages } from './support.ts';

const SHAPE = [6, 5, 3] as const;
const IMAGES = 8;
const CLASSES = 4;
const { kernels } = selectKernels('auto');

function convolution(name: string, input: string, channels: number, filters: number): FloatNode {
  return {
    op: 'conv2d',
    name,
    inputs: [input],
    kernel: someImages(1, [channels * filters], name.length).map((value) => value * 0.7),
    kernelShape: [1, 1, channels, filters],
    bias: new Float32Array(filters),
    strides: [1, 1],
    padding: NO_PADDING,
    activation: 'linear',
  };
}

/** Two branches at other sizes, their maximum and minimum weighed by means and sums, to classes. */
const GRAPH: FloatGraph = floatGraph({
  name: 'operations',
  input: { name: 'image', shape: SHAPE },
  nodes: [
    convolution('first', 'image', 3, 6),
    {
      op: 'resize',
      name: 'larger',
      inputs: ['first'],
      size: [9, 8],
      method: 'bilinear',
      corners: 'halfPixel',
    },
    convolution('second', 'image', 3, 6),
    {
      op: 'resize',
      name: 'nearest',
      inputs: ['second'],
      size: [9, 8],
      method: 'nearest',
      corners: 'aligned',
    },
    { op: 'maximum', name: 'greater', inputs: ['larger', 'nearest'] },
    { op: 'mean', name: 'weights', inputs: ['greater'], axes: [0, 1], keepDims: true },
    { op: 'minimum', name: 'lesser', inputs: ['greater', 'weights'] },
    { op: 'mean', name: 'channels', inputs: ['lesser'], axes: [2], keepDims: true },
    { op: 'sum', name: 'rows', inputs: ['lesser'], axes: [0] },
    {
      op: 'resize',
      name: 'back',
      inputs: ['channels'],
      size: [8, 6],
      method: 'bilinear',
      corners: 'aligned',
    },
    { op: 'reshape', name: 'matrix', inputs: ['back'], target: [8, 6] },
    { op: 'add', name: 'sum', inputs: ['rows', 'matrix'], activation: 'linear' },
    { op: 'reshape', name: 'flat', inputs: ['sum'], target: [48] },
    {
      op: 'fullyConnected',
      name: 'logits',
      inputs: ['flat'],
      kernel: someImages(1, [48 * CLASSES], 3),
      kernelShape: [1, 1, 48, CLASSES],
      bias: new Float32Array(CLASSES),
      strides: [1, 1],
      padding: NO_PADDING,
      activation: 'linear',
    },
  ],
  outputs: ['logits'],
});

const images = someImages(IMAGES, SHAPE);

function quantized(recipe: Recipe, softmax: boolean) {
  async function* batches() {
    yield { images, shape: [IMAGES, ...SHAPE] as const };
  }
  return quantizeGraph(GRAPH, recipe, batches, {
    inputRange: { min: -1, max: 1 },
    kernels,
    softmax,
    labelOffset: 0,
    classNames: [],
    provenance: { floatModel: 'made up', floatWeightsSha256: '', calibrationData: 'noise' },
  });
}

describe('a network of other sizes, means, sums, maxima and minima', () => {
  for (const recipe of [AS_PUBLISHED, BEST]) {
    it(`has logits near its float network's, by the recipe ${recipe.name}`, async () => {
      const { model, graph } = await quantized(recipe, false);
      const ops = new Set(model.nodes.map(({ op }) => op));
      for (const op of ['resize', 'maximum', 'minimum', 'requantize', 'averagePool2d'] as const) {
        assert.equal(ops.has(op), op !== 'averagePool2d', op);
      }
      const runner = new FloatRunner(graph);
      using plan = new Tf8Plan(model, { kernels });
      const [exact] = runner.outputs(images, [IMAGES, ...SHAPE]);
      const received = plan.predict(images);
      runner.dispose();
      const energy = exact.reduce((sum, value) => sum + value ** 2, 0);
      const noise = exact.reduce((sum, value, i) => sum + (value - received[i]) ** 2, 0);
      const decibels = 10 * Math.log10(energy / noise);
      assert.ok(decibels > 25, `${decibels} dB`);
    });
  }

  it('is analyzed layer by layer: what chooses bytes loses none', async () => {
    const { model, graph } = await quantized(AS_PUBLISHED, true);
    const floats = new FloatNodes();
    try {
      using analyzer = new Analyzer({ graph, model, floats, kernels });
      analyzer.add(images);
      analyzer.addEffects(images);
      const { layers } = analyzer.analysis();
      const causesOf = (name: string) => layers.find((layer) => layer.name === name)!.causes;
      assert.equal(causesOf('greater').activationRequantization, Infinity);
      assert.equal(causesOf('larger').saturation, Infinity);
      assert.ok(causesOf('greater/input_0').activationRequantization < 80);
      for (const { name, op, localSqnrDb } of layers) {
        // What saturates there is never chosen.
        if (op === 'requantize') continue;
        assert.ok(localSqnrDb > 20, `${name}: ${localSqnrDb} dB`);
      }
    } finally {
      floats.dispose();
    }
  });

  it('ends in probabilities where they are asked for, in files and exports too', async () => {
    const { model } = await quantized(AS_PUBLISHED, true);
    const last = outputNode(model);
    assert.deepEqual(
      [last.op, last.output.quantization],
      ['softmax', { scale: 1 / 256, zeroPoint: 0 }],
    );
    const tf8 = await encodeTf8(model);
    assert.deepEqual(await decodeTf8(tf8, 'probabilities.tf8'), model);
    using plan = new Tf8Plan(model, { kernels });
    const probabilities = plan.predict(images);
    for (const [n, classes] of plan.classify(images, CLASSES).entries()) {
      const own = probabilities.subarray(n * CLASSES, (n + 1) * CLASSES);
      assert.ok(Math.abs(own.reduce((a, b) => a + b) - 1) < 0.02);
      for (const { index, probability } of classes) assert.equal(probability, own[index]);
    }
    // LiteRT's int8 weights have no zero point.
    for (const format of EXPORT_FORMATS.filter(({ name }) => name !== 'tflite-int8')) {
      const source = { model, tf8, fileName: `m.${format.name}` };
      assert.ok(format.encode(source).length > 0, format.name);
    }
    assert.throws(() => C.encode({ model, tf8, fileName: 'm.c', c: { arithmetic: 'integer' } }), {
      name: 'QuantizationError',
      message:
        'Expected operations of integers alone but the softmax logits/softmax computes in single precision',
      remedy: 'Export with float arithmetic, or quantize to logits.',
    });
  });
});
