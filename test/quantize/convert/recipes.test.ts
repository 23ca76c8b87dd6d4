import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { absorbBias } from '../../../architectures/graph/passes/absorb_bias.ts';
import { equalize, unequalized } from '../../../architectures/graph/passes/equalize.ts';
import { pruneConstantInputs } from '../../../architectures/graph/passes/prune_constant_inputs.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { NO_PADDING } from '../../../architectures/graph/window.ts';
import { clippedNormalMean } from '../../../quantize/convert/batch_norm_correction.ts';
import { MOST_INPUTS } from '../../../quantize/convert/input_moments.ts';
import {
  type QuantizedGraph,
  type QuantizeGraphOptions,
  quantizeGraph,
} from '../../../quantize/convert/quantize_graph.ts';
import {
  AS_PUBLISHED,
  BEST,
  LADDER,
  PER_CHANNEL,
  RECIPES,
  type Recipe,
} from '../../../quantize/convert/recipe.ts';
import { powerOfTwoRange, symmetricRange } from '../../../quantize/convert/scale_forms.ts';
import {
  entropyRange,
  leastSquaresRange,
  percentileRange,
  ValueHistogram,
} from '../../../quantize/convert/value_histogram.ts';
import { weightRange } from '../../../quantize/convert/weight_range.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import { isWeighted } from '../../../quantize/model/tf8_model.ts';
import { paramsFromRange, quantizeArray } from '../../../quantize/params/quantization.ts';
import { weightScale } from '../../../quantize/params/weight_quantization.ts';
import { networkOf, someImages } from './support.ts';

const { kernels } = selectKernels('auto');
const IMAGES = 12;

/** A residual network with a depthwise layer. */
function residual(): FloatGraph {
  const model = networkOf([8, 8, 3], (x) => {
    const conv = (filters: number, kernelSize: number) =>
      tf.layers.conv2d({ filters, kernelSize, padding: 'same', activation: 'relu6' as 'relu' });
    const first = conv(8, 3).apply(x) as tf.SymbolicTensor;
    const depthwise = tf.layers
      .depthwiseConv2d({ kernelSize: 3, padding: 'same', activation: 'relu' })
      .apply(first);
    const back = tf.layers.conv2d({ filters: 8, kernelSize: 1 }).apply(depthwise);
    const sum = tf.layers.add().apply([first, back as tf.SymbolicTensor]);
    const pooled = tf.layers.globalAveragePooling2d({}).apply(sum);
    return tf.layers.dense({ units: 5 }).apply(pooled) as tf.SymbolicTensor;
  });
  try {
    return readLayersModel(model);
  } finally {
    model.dispose();
  }
}

function quantized(
  graph: FloatGraph,
  recipe: Recipe,
  images = someImages(IMAGES, graph.input.shape),
  notes: string[] = [],
  options: Partial<QuantizeGraphOptions> = {},
): Promise<QuantizedGraph> {
  const [height, width, channels] = graph.input.shape;
  const size = height * width * channels;
  async function* batches() {
    for (let start = 0; start < images.length; start += 5 * size) {
      const part = images.slice(start, start + 5 * size);
      const shape = [part.length / size, height, width, channels] as const;
      yield { images: part, shape };
    }
  }
  return quantizeGraph(graph, recipe, batches, {
    inputRange: { min: -1, max: 1 },
    kernels,
    labelOffset: 0,
    classNames: [],
    onNote: (note) => notes.push(note),
    provenance: { floatModel: 'made up', floatWeightsSha256: '', calibrationData: 'noise' },
    ...options,
  });
}

/** Values by their paths: "weights.range". Lists are one value. */
function flat(value: object, path: readonly string[] = []): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(value).flatMap(([key, part]): [string, string][] =>
      typeof part === 'object' && !Array.isArray(part)
        ? [...flat(part, [...path, key])]
        : [[[...path, key].join('.'), JSON.stringify(part)]],
    ),
  );
}

/** 10 · log10 of the logits' energy over that of their error, on other images. */
async function logitsDb(recipe: Recipe): Promise<number> {
  const read = residual();
  const { model, graph } = await quantized(read, recipe);
  const images = someImages(20, graph.input.shape, 99);
  const [float] = outputsOf(graph, images, 20);
  using plan = new Tf8Plan(model, { kernels });
  const tf8 = plan.predict(images);
  const energy = (of: (index: number) => number) =>
    float.reduce((sum, _, index) => sum + of(index) ** 2, 0);
  return 10 * Math.log10(energy((i) => float[i]) / energy((i) => float[i] - tf8[i]));
}

function outputsOf(graph: FloatGraph, images: Float32Array, n: number): Float32Array[] {
  const runner = new FloatRunner(graph);
  try {
    return runner.outputs(images, [n, ...graph.input.shape]);
  } finally {
    runner.dispose();
  }
}

describe('quantizeGraph', () => {
  for (const recipe of RECIPES) {
    it(`quantizes a residual network by ${recipe.name}`, async () => {
      assert.ok((await logitsDb(recipe)) > 15);
    });
  }

  it('has a ladder whose rungs differ by one thing each, up to "best"', () => {
    const knobs = LADDER.map(({ name: _, ...recipe }) => flat(recipe));
    for (let rung = 1; rung < knobs.length; rung++) {
      const [before, after] = [knobs[rung - 1], knobs[rung]];
      const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
        (key) => before.get(key) !== after.get(key),
      );
      const parts = new Set(changed.map((key) => key.split('.').slice(0, 2).join('.')));
      assert.equal(parts.size, 1, `${LADDER[rung].name}: ${changed}`);
    }
    assert.deepEqual([LADDER[0], LADDER.at(-1)], [AS_PUBLISHED, BEST]);
  });

  it('loses less by "best" than by min/max', async () => {
    assert.ok((await logitsDb(BEST)) > (await logitsDb(AS_PUBLISHED)));
  });

  it('refuses activations of 16 bits, which are simulated alone', async () => {
    const activations = { bits: 16, layers: 'all' } as const;
    await assert.rejects(quantized(residual(), { ...BEST, name: 'wider', activations }), {
      name: 'QuantizationError',
      message: 'Expected activations of 8 bits but the recipe wider has some of 16',
    });
  });

  it('rounds to the nearest, and says so, where an output has too many inputs for covariances', async () => {
    const [channels, filters] = [MOST_INPUTS + 1, 3];
    const kernel = someImages(1, [channels * filters], 5);
    const graph = floatGraph({
      name: 'wide',
      input: { name: 'image', shape: [2, 2, channels] },
      nodes: [
        {
          op: 'conv2d',
          name: 'wide',
          inputs: ['image'],
          kernel,
          kernelShape: [1, 1, channels, filters],
          bias: new Float32Array(filters),
          strides: [1, 1],
          padding: NO_PADDING,
          activation: 'linear',
        },
      ],
      outputs: ['wide'],
    });
    const notes: string[] = [];
    const { model, report } = await quantized(graph, BEST, undefined, notes);
    const [node] = model.nodes;
    assert.ok(isWeighted(node) && !('scales' in node.weights.quantization));
    assert.deepEqual(node.weights.data, quantizeArray(kernel, node.weights.quantization));
    assert.equal(report.layers[0].roundingGainDb, undefined);
    assert.ok(report.layers[0].meanErrors !== undefined, 'means are corrected all the same');
    assert.ok(
      notes.includes(
        'The weights of wide are rounded to the nearest: 4609 inputs of an output are more than the 4608 that second-order rounding takes',
      ),
      notes.join('\n'),
    );
  });

  for (const observer of [
    { observer: 'movingAverage', momentum: 0.9 },
    { observer: 'percentile', percent: 99.9 },
    { observer: 'mse' },
    { observer: 'entropy' },
  ] as const) {
    it(`observes by ${observer.observer}`, async () => {
      assert.ok((await logitsDb({ ...AS_PUBLISHED, observer })) > 8);
    });
  }

  for (const recipe of [
    PER_CHANNEL,
    { ...BEST, weights: { ...BEST.weights, granularity: 'channel', symmetric: true } } as const,
  ]) {
    it(`makes weights with one symmetric scale a channel, by ${recipe.name}`, async () => {
      const { model } = await quantized(residual(), recipe);
      for (const { name, weights, bias } of model.nodes.filter(isWeighted)) {
        const { quantization, data } = weights;
        assert.ok('scales' in quantization, name);
        assert.deepEqual([quantization.scales.length, quantization.zeroPoint], [bias.length, 128]);
        assert.ok(!data.includes(0), 'int8 of LiteRT begins at -127');
      }
      const ofTensor = {
        ...recipe,
        weights: { ...recipe.weights, granularity: 'tensor' },
      } as const;
      assert.ok((await logitsDb(recipe)) > (await logitsDb(ofTensor)) - 1);
    });
  }

  it('refuses a range a channel whose weights are not symmetric', () =>
    assert.rejects(
      quantized(residual(), { ...BEST, weights: { ...BEST.weights, granularity: 'channel' } }),
      {
        name: 'QuantizationError',
        message: /^Expected symmetric weights .* but the recipe best has weights\.symmetric false$/,
        remedy: 'Take "symmetric": true, or "granularity": "tensor".',
      },
    ));

  it('makes symmetric weights, and scales that are powers of two, on demand', async () => {
    const weights = { ...BEST.weights, symmetric: true };
    const { model } = await quantized(residual(), { ...BEST, weights, scales: 'powerOfTwo' });
    for (const node of model.nodes) {
      assert.ok(Number.isInteger(Math.log2(node.output.quantization.scale)), node.name);
      if (!isWeighted(node)) continue;
      assert.equal(node.weights.quantization.zeroPoint, 128);
      assert.ok(Number.isInteger(Math.log2(weightScale(node.weights.quantization, 0))));
    }
  });

  it('gives the same bytes of the same images', async () => {
    const graph = residual();
    const [a, b] = [await quantized(graph, BEST), await quantized(graph, BEST)];
    assert.deepEqual(a.model, b.model);
  });

  it('says how many layers are done, and stops between them when aborted', async () => {
    const told: string[] = [];
    const { model } = await quantized(residual(), BEST, undefined, [], {
      onLayer: (done, layers) => told.push(`${done} of ${layers}`),
    });
    const layers = model.nodes.length;
    assert.deepEqual(
      told,
      Array.from({ length: layers + 1 }, (_, done) => `${done} of ${layers}`),
    );
    const interruption = new AbortController();
    const stopped = quantized(residual(), BEST, undefined, [], {
      onLayer: (done) => done === 2 && interruption.abort(new Error('interrupted')),
      signal: interruption.signal,
    });
    await assert.rejects(stopped, /interrupted/);
  });

  it('says of one image, and of layers that the images leave constant, what it means', async () => {
    const notes: string[] = [];
    const black = new Float32Array(8 * 8 * 3);
    const { model } = await quantized(residual(), BEST, black, notes);
    assert.equal(model.provenance.calibrationImages, 1);
    assert.match(notes.join('\n'), /one image/);
    assert.match(notes.join('\n'), /leave image.* constant/);
  });
});

/** Two pointwise layers [1, 1, 3] → 3 → 2, a batch norm's statistics on the first. */
function pairOf(activation: 'linear' | 'relu' | 'relu6', values: readonly number[]): FloatGraph {
  const take = (from: number, n: number) => Float32Array.from(values.slice(from, from + n));
  const common = { op: 'conv2d', strides: [1, 1], padding: NO_PADDING } as const;
  const beta = take(9, 3).map(Math.abs);
  return floatGraph({
    name: 'pair',
    input: { name: 'image', shape: [2, 2, 3] },
    nodes: [
      {
        ...common,
        name: 'first',
        inputs: ['image'],
        kernel: take(0, 9),
        kernelShape: [1, 1, 3, 3],
        bias: beta,
        activation,
        batchNorm: {
          alpha: new Float64Array(3).fill(1),
          beta,
          gamma: new Float32Array(3).fill(0.01),
          variance: new Float32Array(3).fill(1),
          deadChannels: [],
          replacedChannels: [],
        },
      },
      {
        ...common,
        name: 'second',
        inputs: ['first'],
        kernel: take(12, 6),
        kernelShape: [1, 1, 3, 2],
        bias: take(18, 2),
        activation: 'linear',
      },
    ],
    outputs: ['second'],
  });
}

const pairValues = fc.array(fc.integer({ min: -1000, max: 1000 }), {
  minLength: 20,
  maxLength: 20,
});

function assertSame(a: FloatGraph, b: FloatGraph, images: Float32Array): void {
  const [[left], [right]] = [a, b].map((graph) => outputsOf(graph, images, 1));
  const size = left.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  left.forEach((value, i) => {
    assert.ok(Math.abs(value - right[i]) <= 1e-5 * size, `${value} is ${right[i]}`);
  });
}

describe('equalize', () => {
  for (const activation of ['linear', 'relu'] as const) {
    it(`keeps the function of layers with ${activation} between them`, () => {
      fc.assert(
        fc.property(pairValues, (all) => {
          const graph = pairOf(
            activation,
            all.map((value) => value / 300),
          );
          assertSame(graph, equalize(graph), someImages(1, graph.input.shape));
        }),
        { numRuns: 25 },
      );
    });
  }

  it('gives each channel the same range in both layers', () => {
    const graph = equalize(
      pairOf(
        'relu',
        Array.from({ length: 20 }, (_, i) => Math.sin(3 * i) * i),
      ),
    );
    const [first, second] = graph.nodes;
    assert.ok('kernel' in first && 'kernel' in second);
    for (let c = 0; c < 3; c++) {
      const greatest = (weights: Float32Array, of: (index: number) => number) =>
        weights.reduce((most, w, i) => (of(i) === c ? Math.max(most, Math.abs(w)) : most), 0);
      const before = greatest(first.kernel, (i) => i % 3);
      const after = greatest(second.kernel, (i) => Math.floor(i / 2));
      assert.ok(Math.abs(before / after - 1) < 1e-5);
    }
  });

  it('leaves layers with a ReLU6 between them, and names them', () => {
    const graph = pairOf(
      'relu6',
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.deepEqual(equalize(graph), graph);
    assert.deepEqual(unequalized(graph), ['first and second']);
  });
});

describe('absorbBias', () => {
  it('keeps the function where the sums are above what is absorbed', () => {
    fc.assert(
      fc.property(pairValues, (all) => {
        // Sums are β ± 0.01: β − 3 · 0.01 is always passed.
        const values = all.map((value, i) => (i < 9 ? value / 300_000 : value / 300));
        const graph = pairOf('relu', values);
        assertSame(graph, absorbBias(graph, 3), someImages(1, graph.input.shape));
      }),
      { numRuns: 25 },
    );
  });

  it('takes β − deviations · |γ| off a channel', () => {
    const graph = pairOf('relu', new Array<number>(20).fill(1));
    const [first] = absorbBias(graph, 3).nodes;
    assert.ok('bias' in first);
    for (const value of first.bias) assert.ok(Math.abs(value - 0.03) < 1e-6);
  });
});

describe('pruneConstantInputs', () => {
  it('keeps the function on images that have the constants', () => {
    const graph = pairOf(
      'linear',
      Array.from({ length: 20 }, (_, i) => Math.cos(i)),
    );
    const images = someImages(1, graph.input.shape).map((value, i) => (i % 3 === 1 ? 0.5 : value));
    const constants = new Map([['image', Float32Array.of(Number.NaN, 0.5, Number.NaN)]]);
    const pruned = pruneConstantInputs(graph, constants);
    assertSame(graph, pruned, images);
    const [first] = pruned.nodes;
    assert.ok('kernel' in first);
    assert.deepEqual([...first.kernel.subarray(3, 6)], [0, 0, 0]);
  });
});

describe('ranges', () => {
  it('an input-weighted range leaves out a large weight on an input that never varies', () => {
    const weights = Float32Array.from({ length: 50 }, (_, i) => (i === 9 ? 8 : Math.sin(i) / 3));
    const variances = Float64Array.from(weights, (w) => (w === 8 ? 0 : 1));
    const { max } = weightRange(weights, 'inputWeighted', variances);
    assert.ok(max < 0.5);
    assert.equal(weightRange(weights, 'minMax').max, 8);
  });

  it('a symmetric range has the zero point 128', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -9, max: 0, noNaN: true }),
        fc.double({ min: 0.01, max: 9, noNaN: true }),
        (low, high) => {
          const { min, max } = symmetricRange({ min: low, max: high });
          assert.equal(paramsFromRange(min, max).zeroPoint, 128);
          assert.ok(min <= low && max >= high * (1 - 1e-12));
        },
      ),
    );
  });

  it('a range of a power of two is the least one', () => {
    const { min, max } = powerOfTwoRange({ min: -1, max: 6 });
    assert.equal((max - min) / 255, 1 / 32);
    assert.deepEqual(powerOfTwoRange({ min: 0, max: 0 }), { min: 0, max: 0 });
  });

  it('observers leave out what is rare', () => {
    const histogram = new ValueHistogram({ min: 0, max: 100 });
    // An exponential distribution, and one value far from it.
    const values = Float32Array.from({ length: 20_000 }, (_, i) => -Math.log((i + 0.5) / 20_000));
    values[0] = 100;
    histogram.add(values);
    assert.ok(percentileRange(histogram, 99.9).max < 10);
    assert.equal(percentileRange(histogram, 100).max, 100);
    assert.ok(leastSquaresRange(histogram).max < 100);
    assert.ok(entropyRange(histogram).max < 100);
  });

  it('the mean of a clipped normal distribution is that of its samples', () => {
    for (const [mean, deviation, bound] of [
      [0.5, 1, 6],
      [-2, 3, Infinity],
      [5, 2, 6],
    ]) {
      let sum = 0;
      const steps = 20_000;
      // Over ± 8 deviations, by the midpoint rule.
      for (let i = 0; i < steps; i++) {
        const z = -8 + (16 * (i + 0.5)) / steps;
        const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
        sum += Math.min(bound, Math.max(0, mean + deviation * z)) * density * (16 / steps);
      }
      assert.ok(Math.abs(clippedNormalMean(mean, deviation, bound) - sum) < 1e-5);
    }
    assert.equal(clippedNormalMean(7, 0, 6), 6);
  });
});
