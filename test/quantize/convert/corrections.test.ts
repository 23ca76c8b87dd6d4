import assert from 'node:assert/strict';
import { Matrix, solve } from 'ml-matrix';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import type { FloatWeightedNode } from '../../../architectures/graph/float_node.ts';
import { NO_PADDING } from '../../../architectures/graph/window.ts';
import { correctFromBatchNorms } from '../../../quantize/convert/batch_norm_correction.ts';
import { correctMeans } from '../../../quantize/convert/mean_correction.ts';
import { quantizeGraph } from '../../../quantize/convert/quantize_graph.ts';
import { AS_PUBLISHED, BIAS_CORRECTED, type Recipe } from '../../../quantize/convert/recipe.ts';
import { refit } from '../../../quantize/convert/ridge_refit.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import {
  isWeighted,
  type Tf8Model,
  tensorSpecs,
  type WeightedNode,
} from '../../../quantize/model/tf8_model.ts';
import { weightScale } from '../../../quantize/params/weight_quantization.ts';
import { someImages } from './support.ts';

/** What is computed here in another way: with loops over positions, or by another formula. */

const { kernels } = selectKernels('auto');
const SIZE = 6;
const IMAGES = 9;
const CHANNELS = 4;

const wave = (length: number, size: number, phase: number) =>
  Float32Array.from({ length }, (_, i) => size * Math.sin(1.7 * i + phase));

/** A 3 × 3 convolution with batch norm and ReLU6, a depthwise layer with one, a pointwise layer. */
function network(): FloatGraph {
  const beta = Float32Array.of(0.4, -0.3, 5, 0);
  const gamma = Float32Array.of(1, 0.5, 2, 0);
  const batchNorm = {
    alpha: new Float64Array(CHANNELS).fill(1),
    beta,
    gamma,
    variance: new Float32Array(CHANNELS).fill(1),
    deadChannels: [],
    replacedChannels: [],
  };
  const around = { top: 1, bottom: 1, left: 1, right: 1 };
  return floatGraph({
    name: 'network',
    input: { name: 'image', shape: [SIZE, SIZE, 3] },
    nodes: [
      {
        op: 'conv2d',
        name: 'first',
        inputs: ['image'],
        strides: [1, 1],
        padding: around,
        kernel: wave(9 * 3 * CHANNELS, 0.6, 0),
        kernelShape: [3, 3, 3, CHANNELS],
        bias: beta,
        activation: 'relu6',
        batchNorm,
      },
      {
        op: 'depthwiseConv2d',
        name: 'depthwise',
        inputs: ['first'],
        strides: [1, 1],
        padding: around,
        kernel: wave(9 * CHANNELS, 0.5, 1),
        kernelShape: [3, 3, CHANNELS, 1],
        bias: wave(CHANNELS, 0.2, 2),
        activation: 'relu6',
        batchNorm: { ...batchNorm, beta: wave(CHANNELS, 1, 3), gamma: Float32Array.of(1, 2, 1, 3) },
      },
      {
        op: 'conv2d',
        name: 'pointwise',
        inputs: ['depthwise'],
        strides: [1, 1],
        padding: NO_PADDING,
        kernel: wave(CHANNELS * 5, 0.7, 4),
        kernelShape: [1, 1, CHANNELS, 5],
        bias: wave(5, 0.3, 5),
        activation: 'linear',
      },
    ],
    outputs: ['pointwise'],
  });
}

const LAYERS = ['first', 'depthwise', 'pointwise'];

async function quantized(graph: FloatGraph, recipe: Recipe, images: Float32Array) {
  async function* batches() {
    yield { images, shape: [IMAGES, SIZE, SIZE, 3] as const };
  }
  const { model } = await quantizeGraph(graph, recipe, batches, {
    inputRange: { min: -1, max: 1 },
    kernels,
    labelOffset: 0,
    classNames: [],
    provenance: { floatModel: 'made up', floatWeightsSha256: '', calibrationData: 'noise' },
  });
  return model;
}

/** What a float layer makes of an input, position by position, before its activation and its bias. */
function sums(
  { op, kernel, kernelShape, padding }: FloatWeightedNode,
  values: Float64Array,
  weightAt: (index: number) => number = (index) => kernel[index],
): Float64Array {
  assert.ok(op !== 'fullyConnected');
  const [kh, kw, inputs, last] = kernelShape;
  const isDepthwise = op === 'depthwiseConv2d';
  const outputs = isDepthwise ? inputs : last;
  const made = new Float64Array(IMAGES * SIZE * SIZE * outputs);
  for (let n = 0; n < IMAGES; n++) {
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        for (let m = 0; m < outputs; m++) {
          let sum = 0;
          for (let ky = 0; ky < kh; ky++) {
            for (let kx = 0; kx < kw; kx++) {
              const [iy, ix] = [y + ky - padding.top, x + kx - padding.left];
              if (iy < 0 || ix < 0 || iy >= SIZE || ix >= SIZE) continue;
              const from = ((n * SIZE + iy) * SIZE + ix) * inputs;
              for (let c = 0; c < inputs; c++) {
                if (isDepthwise && c !== m) continue;
                const at = (ky * kw + kx) * inputs + c;
                sum += values[from + c] * weightAt(isDepthwise ? at : at * outputs + m);
              }
            }
          }
          made[((n * SIZE + y) * SIZE + x) * outputs + m] = sum;
        }
      }
    }
  }
  return made;
}

function activated(node: FloatWeightedNode, before: Float64Array): Float64Array {
  const outputs = node.bias.length;
  return before.map((sum, i) => {
    const value = sum + node.bias[i % outputs];
    return node.activation === 'relu6' ? Math.min(6, Math.max(0, value)) : value;
  });
}

function means(values: Float64Array, channels: number): Float64Array {
  const result = new Float64Array(channels);
  values.forEach((value, i) => {
    result[i % channels] += (value * channels) / values.length;
  });
  return result;
}

const weighted = (model: Tf8Model, name: string): WeightedNode => {
  const node = model.nodes.find((other) => other.name === name);
  assert.ok(node !== undefined && isWeighted(node));
  return node;
};

const exactNode = (graph: FloatGraph, name: string) =>
  graph.nodes.find((node) => node.name === name) as FloatWeightedNode;

const storedWeight = ({ weights: { data, quantization } }: WeightedNode) => {
  const scale = weightScale(quantization, 0);
  return (index: number) => scale * (data[index] - quantization.zeroPoint);
};

/** The real values of the tensors of a model: the input's and each layer's. */
function realTensors(model: Tf8Model, images: Float32Array): ReadonlyMap<string, Float64Array> {
  const names = [model.input.name, ...LAYERS];
  using plan = new Tf8Plan(model, { kernels, outputs: names });
  const run = plan.run(images);
  return new Map(names.map((name) => [name, Float64Array.from(plan.dequantize(name, run))]));
}

describe('refit', () => {
  for (const [groups, each] of [
    [1, 3],
    [3, 1],
  ] as const) {
    it(`is the least-squares solution of the equations it stands for, ${groups} groups`, () => {
      const [inputs, positions, ridge] = [5, 40, 0.3];
      const outputs = groups * each;
      const weights = wave(inputs * outputs, 1, 0.3);
      const covariance: number[] = [];
      const cross: number[] = [];
      const expected = new Float64Array(inputs * outputs);
      for (let group = 0; group < groups; group++) {
        const exact = Matrix.from1DArray(positions, inputs, [
          ...wave(positions * inputs, 1, group + 1),
        ]);
        const rounded = new Matrix(
          exact.to2DArray().map((row) => row.map((x) => 0.4 * Math.round(x / 0.4))),
        );
        const c = rounded.transpose().mmul(rounded).div(positions);
        covariance.push(...c.to1DArray());
        cross.push(...rounded.transpose().mmul(exact).div(positions).to1DArray());
        const own = new Matrix(inputs, each);
        for (let k = 0; k < inputs; k++) {
          for (let m = 0; m < each; m++) own.set(k, m, weights[k * outputs + group * each + m]);
        }
        // Positions as equations, and one equation a weight that holds it in its place: by SVD.
        const hold = Math.sqrt(((ridge * c.trace()) / inputs) * positions);
        const left = new Matrix([
          ...rounded.to2DArray(),
          ...Matrix.eye(inputs).mul(hold).to2DArray(),
        ]);
        const right = new Matrix([
          ...exact.mmul(own).to2DArray(),
          ...Matrix.mul(own, hold).to2DArray(),
        ]);
        const found = solve(left, right, true);
        for (let k = 0; k < inputs; k++) {
          for (let m = 0; m < each; m++) expected[k * outputs + group * each + m] = found.get(k, m);
        }
      }
      const fitted = refit(
        weights,
        {
          groups,
          inputs,
          covariance: Float64Array.from(covariance),
          cross: Float64Array.from(cross),
        },
        ridge,
      );
      fitted.forEach((weight, i) => {
        assert.ok(Math.abs(weight - expected[i]) < 1e-5, `${i}: ${weight} is ${expected[i]}`);
      });
      assert.ok(fitted.some((weight, i) => Math.abs(weight - weights[i]) > 1e-3));
    });
  }
});

describe('bias correction from images', () => {
  it('takes off each bias what rounding adds to the mean before the activation', async () => {
    const graph = network();
    const images = someImages(IMAGES, graph.input.shape);
    const recipe: Recipe = {
      ...BIAS_CORRECTED,
      corrections: [{ correction: 'bias', from: 'images', steps: 0 }],
    };
    const model = await quantized(graph, recipe, images);
    const tensors = realTensors(model, images);
    let float: Float64Array = Float64Array.from(images);
    for (const name of LAYERS) {
      const exact = exactNode(graph, name);
      const stored = weighted(model, name);
      const channels = exact.bias.length;
      const input = tensors.get(stored.inputs[0])!;
      const meant = means(sums(exact, float), channels);
      const made = means(sums(exact, input, storedWeight(stored)), channels);
      const { scale } = tensorSpecs(model).get(stored.inputs[0])!.quantization;
      const step = scale * weightScale(stored.weights.quantization, 0);
      stored.bias.forEach((bias, m) => {
        const expected = exact.bias[m] + meant[m] - made[m];
        const received = bias * step;
        assert.ok(Math.abs(received - expected) <= step + 1e-5, `${name} ${m}`);
      });
      float = activated(exact, sums(exact, float));
    }
  });

  it('then moves a bias by the mean error behind the activation, over the share that moves', async () => {
    const graph = network();
    const images = someImages(IMAGES, graph.input.shape);
    const model = await quantized(graph, AS_PUBLISHED, images);
    const stored = weighted(model, 'depthwise');
    const { quantization } = stored.output;
    const input = tensorSpecs(model).get('first')!.quantization;
    using plan = new Tf8Plan(model, { kernels, outputs: ['depthwise'] });
    const bytes = plan.run(images).get('depthwise')!.slice();
    const target = Float64Array.from({ length: CHANNELS }, (_, c) => 1 + c / 3);
    const { node, error } = correctMeans(stored, input, bytes, target);
    const clipsAt = Math.min(255, Math.round(6 / quantization.scale) + quantization.zeroPoint);
    let squares = 0;
    for (let c = 0; c < CHANNELS; c++) {
      const own = bytes.filter((_, i) => i % CHANNELS === c);
      const mean = own.reduce((sum, byte) => sum + byte, 0) / own.length;
      const moving = own.filter((byte) => byte > quantization.zeroPoint && byte < clipsAt).length;
      const missing = target[c] - quantization.scale * (mean - quantization.zeroPoint);
      squares += missing ** 2;
      const step = input.scale * weightScale(stored.weights.quantization, 0);
      const expected = missing / Math.max(0.25, moving / own.length) / step;
      assert.ok(Math.abs(node.bias[c] - stored.bias[c] - expected) <= 1, `${c}`);
    }
    assert.ok(Math.abs(error - Math.sqrt(squares / CHANNELS)) < 1e-9);
  });

  it('brings the mean of every output nearer to that in float', async () => {
    const graph = network();
    const images = someImages(IMAGES, graph.input.shape);
    const errorsOf = async (recipe: Recipe) => {
      const model = await quantized(graph, recipe, images);
      const tensors = realTensors(model, images);
      let float: Float64Array = Float64Array.from(images);
      return LAYERS.map((name) => {
        const exact = exactNode(graph, name);
        float = activated(exact, sums(exact, float));
        const [meant, made] = [float, tensors.get(name)!].map((values) =>
          means(values, exact.bias.length),
        );
        return Math.hypot(...meant.map((value, m) => value - made[m]));
      });
    };
    const plain = await errorsOf(AS_PUBLISHED);
    const corrected = await errorsOf(BIAS_CORRECTED);
    assert.ok(corrected.at(-1)! < plain.at(-1)! / 2, `${corrected} after ${plain}`);
  });
});

/** The mean of a normal distribution behind ReLU6, by the trapezoidal rule. */
function meanBehindRelu6(mean: number, deviation: number): number {
  if (deviation === 0) return Math.min(6, Math.max(0, mean));
  const steps = 4000;
  let [sum, weight] = [0, 0];
  for (let i = 0; i <= steps; i++) {
    const z = -9 + (18 * i) / steps;
    const density = Math.exp((-z * z) / 2);
    sum += density * Math.min(6, Math.max(0, mean + deviation * z));
    weight += density;
  }
  return sum / weight;
}

describe('correctFromBatchNorms', () => {
  it('takes off each bias the weights’ errors times the means that the batch norms say', async () => {
    const graph = network();
    const plain = await quantized(graph, AS_PUBLISHED, someImages(IMAGES, graph.input.shape));
    const corrected = correctFromBatchNorms(graph, plain);
    assert.deepEqual(weighted(corrected, 'first').bias, weighted(plain, 'first').bias);
    for (const [name, before] of [
      ['depthwise', 'first'],
      ['pointwise', 'depthwise'],
    ]) {
      const exact = exactNode(graph, name);
      const stored = weighted(plain, name);
      const { beta, gamma } = exactNode(graph, before).batchNorm!;
      const [kh, kw, inputs, last] = exact.kernelShape as readonly number[];
      const isDepthwise = exact.op === 'depthwiseConv2d';
      const step =
        tensorSpecs(plain).get(before)!.quantization.scale *
        weightScale(stored.weights.quantization, 0);
      const after = weighted(corrected, name).bias;
      stored.bias.forEach((bias, m) => {
        let error = 0;
        for (let tap = 0; tap < kh * kw; tap++) {
          for (let c = 0; c < inputs; c++) {
            if (isDepthwise && c !== m) continue;
            const at = isDepthwise ? tap * inputs + c : (tap * inputs + c) * last + m;
            const weightError = exact.kernel[at] - storedWeight(stored)(at);
            error += weightError * meanBehindRelu6(beta[c], Math.abs(gamma[c]));
          }
        }
        assert.ok(Math.abs((after[m] - bias) * step - error) <= step, `${name} ${m}`);
      });
    }
  });
});
