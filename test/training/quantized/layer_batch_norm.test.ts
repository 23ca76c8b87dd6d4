import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { QuantizedGraph } from '../../../quantize/convert/quantize_graph.ts';
import { AS_PUBLISHED } from '../../../quantize/convert/recipe.ts';
import { planOn } from '../../../quantize/execute/plan_on.ts';
import { isWeighted, type Tf8Model, type WeightedNode } from '../../../quantize/model/tf8_model.ts';
import {
  QuantizedNetwork,
  type QuantizedTraining,
} from '../../../training/quantized/quantized_network.ts';
import { chain, networkOf, someImages } from '../../quantize/convert/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { assertSameBytes, LEARNED, startOfModel } from './support.ts';

const [SIDE, DEPTH, FILTERS, IMAGES] = [7, 3, 4, 3];
/** Of the kernel, whose strides are 1 and which has no padding. */
const KERNEL = 3;
const EPSILON = 1e-3;

/** Channels: an ordinary one, one of a negative γ, a dead one, one of γ = 0. */
const GAMMA = [0.8, -1.2, 0.5, 0];
const BETA = [0.3, -0.1, 0.2, 0.4];
const MEAN = [0.1, -0.2, 0, 0.3];
const VARIANCE = [0.5, 2, 0, 1];
const DEAD = 2;
const HELD = [DEAD, 3];

const RE_ESTIMATED: QuantizedTraining = { ...LEARNED, batchNorms: 're-estimated' };

/** A convolution whose dead channel has weights, of what is 0 in a real network, a batch norm, a ReLU, a head. */
function network(): { readonly model: tf.LayersModel; readonly kernel: Float32Array } {
  const conv = tf.layers.conv2d({ filters: FILTERS, kernelSize: KERNEL, useBias: false });
  const norm = tf.layers.batchNormalization({ epsilon: EPSILON });
  const model = networkOf(
    [SIDE, SIDE, DEPTH],
    chain(conv, norm, tf.layers.reLU(), tf.layers.flatten(), tf.layers.dense({ units: 5 })),
  );
  norm.setWeights([GAMMA, BETA, MEAN, VARIANCE].map((values) => tf.tensor1d(values)));
  return { model, kernel: conv.getWeights()[0].dataSync() as Float32Array };
}

/** Sums of the network in integers before the batch norm, by channel: what the bytes of images and weights stand for. */
function sumsOf(model: Tf8Model, images: Float32Array): number[][] {
  const { input } = model;
  using plan = planOn(model, { outputs: [input.name, model.nodes.at(-1)!.name] });
  const bytes = plan.run(images).get(input.name)!;
  const x = (n: number, y: number, at: number, c: number) =>
    input.quantization.scale *
    (bytes[((n * SIDE + y) * SIDE + at) * DEPTH + c] - input.quantization.zeroPoint);
  const { data, quantization } = layerOf(model).weights;
  assert.ok('scale' in quantization);
  const w = (ky: number, kx: number, c: number, m: number) =>
    quantization.scale *
    (data[((ky * KERNEL + kx) * DEPTH + c) * FILTERS + m] - quantization.zeroPoint);
  const positions = SIDE - KERNEL + 1;
  return GAMMA.map((_, m) => {
    const sums: number[] = [];
    for (let n = 0; n < IMAGES; n++) {
      for (let y = 0; y < positions; y++) {
        for (let at = 0; at < positions; at++) {
          let sum = 0;
          for (let ky = 0; ky < KERNEL; ky++) {
            for (let kx = 0; kx < KERNEL; kx++) {
              for (let c = 0; c < DEPTH; c++) sum += x(n, y + ky, at + kx, c) * w(ky, kx, c, m);
            }
          }
          sums.push(sum);
        }
      }
    }
    return sums;
  });
}

function layerOf(model: Tf8Model): WeightedNode {
  const layer = model.nodes.find(isWeighted)!;
  assert.ok(layer.op === 'conv2d');
  return layer;
}

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const alpha = (m: number, variance = VARIANCE[m]) => GAMMA[m] / Math.sqrt(variance + EPSILON);

function assertNear(received: number, expected: number, what: string, tolerance = 1e-5): void {
  const most = tolerance * Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(received - expected) <= most, `${what}: ${received}, not ${expected}`);
}

describe('batch norms that are re-estimated', () => {
  let start: QuantizedGraph;
  let kernel: Float32Array;

  before(async function () {
    await needsTensorFlow.call(this);
    const made = network();
    kernel = made.kernel;
    try {
      start = await startOfModel(made.model, AS_PUBLISHED);
    } finally {
      made.model.dispose();
    }
  });

  const images = () => someImages(IMAGES, [SIDE, SIDE, DEPTH], 3);

  function withNetwork<T>(body: (network: QuantizedNetwork) => T, rules = RE_ESTIMATED): T {
    const quantized = new QuantizedNetwork(start.graph, start.model, rules);
    try {
      return body(quantized);
    } finally {
      quantized.dispose();
    }
  }

  function step(quantized: QuantizedNetwork, progress: number): void {
    tf.tidy(() => {
      const batch = tf.tensor(images(), [IMAGES, SIDE, SIDE, DEPTH]);
      quantized.train(batch, { progress: tf.scalar(progress) });
    });
  }

  const variablesOf = (quantized: QuantizedNetwork) => {
    const [layer] = quantized.reEstimatedLayers;
    return (name: string) => [...quantized.weights.get(`${layer}/${name}`)!.dataSync()];
  };

  it('begin as the layer that was quantized', () => {
    withNetwork((quantized) => {
      const [own, given] = [quantized.tf8Model(), start.model].map(layerOf);
      const differing = own.weights.data.filter((byte, i) => byte !== given.weights.data[i]);
      assert.equal(differing.length, 0);
      own.bias.forEach((value, m) => {
        assertNear(value, given.bias[m], `bias ${m}`, 2e-6);
      });
    });
  });

  it('take a hundredth of what a batch says of the sums in integers, computed in plain numbers', () => {
    withNetwork((quantized) => {
      const before = sumsOf(quantized.tf8Model(), images());
      const read = variablesOf(quantized);
      const meanBefore = read('moving_mean');
      step(quantized, 0);
      const [mean, variance] = [read('moving_mean'), read('moving_variance')];
      const after = layerOf(quantized.tf8Model());
      const { quantization } = after.weights;
      assert.ok('scale' in quantization);
      before.forEach((sums, m) => {
        if (HELD.includes(m)) return;
        // Of the batch norm as it was trained, whose sums are by weights that are not folded.
        const own = sums.map((sum) => sum / alpha(m));
        const center = meanOf(own);
        const squares = own.map((sum) => (sum - center) ** 2);
        const unbiased = (meanOf(squares) * own.length) / (own.length - 1);
        const next = 0.99 * VARIANCE[m] + 0.01 * unbiased;
        assertNear(variance[m], alpha(m) ** 2 * next, `variance ${m}`);
        // It begins as trained, up to the rounding of the layer's bias.
        const scale = start.model.input.quantization.scale * quantization.scale;
        assertNear(meanBefore[m], alpha(m) * MEAN[m], `mean ${m} at the start`, scale);
        const nextMean = (0.99 * meanBefore[m]) / alpha(m) + 0.01 * center;
        assertNear(mean[m], alpha(m) * nextMean, `mean ${m}`);
        // And they are folded: biases in the accumulator's steps, weights in the layer's.
        const factor = alpha(m, next);
        assertNear(after.bias[m] * scale, BETA[m] - nextMean * factor, `bias ${m}`, 2 * scale);
        for (let i = m; i < kernel.length; i += FILTERS) {
          const level = (kernel[i] * factor) / quantization.scale;
          const clamped = Math.min(Math.max(level + quantization.zeroPoint, 0), 255);
          const off = Math.abs(after.weights.data[i] - clamped);
          assert.ok(off < 0.501, `weight ${i} is ${off} steps off`);
        }
      });
    });
  });

  it('leave channels that were dead or have γ = 0 as they were folded', () => {
    withNetwork((quantized) => {
      const before = layerOf(quantized.tf8Model());
      step(quantized, 0);
      step(quantized, 0.1);
      const after = layerOf(quantized.tf8Model());
      const read = variablesOf(quantized);
      for (const m of HELD) {
        assert.deepEqual([read('moving_mean')[m], read('moving_variance')[m]], [0, 0]);
        assert.equal(after.bias[m], before.bias[m]);
        const own = (_: number, i: number) => i % FILTERS === m;
        assert.deepEqual(after.weights.data.filter(own), before.weights.data.filter(own));
      }
      assert.notDeepEqual(after.bias, before.bias);
    });
  });

  it('keep the statistics of a channel that a batch says nothing of', () => {
    withNetwork((quantized) => {
      const [layer] = quantized.reEstimatedLayers;
      const read = variablesOf(quantized);
      const [mean, variance] = [read('moving_mean'), read('moving_variance')];
      // By weights of 0 a channel does not vary; by a γ of 0 no sum is there.
      tf.tidy(() => {
        const weights = quantized.weights.get(`${layer}/kernel`)!;
        weights.assign(weights.mul(tf.tensor1d([0, 1, 1, 1])));
        const gamma = quantized.weights.get(`${layer}/gamma`)!;
        gamma.assign(gamma.mul(tf.tensor1d([1, 0, 1, 1])));
      });
      step(quantized, 0);
      assert.deepEqual(read('moving_mean'), mean);
      assert.deepEqual(read('moving_variance'), variance);
    });
  });

  it('end with the bytes of the executor, and stay from the share of the run on at which ranges freeze', () => {
    const rules = { ...RE_ESTIMATED, freezeAfter: 0.5 };
    withNetwork((quantized) => {
      for (let n = 0; n < 5; n++) step(quantized, n / 10);
      const read = variablesOf(quantized);
      const [mean, variance] = [read('moving_mean'), read('moving_variance')];
      step(quantized, 0.5);
      assert.deepEqual([read('moving_mean'), read('moving_variance')], [mean, variance]);
      const bytes = tf.tidy(() =>
        quantized.bytes(tf.tensor(images(), [IMAGES, SIDE, SIDE, DEPTH])),
      );
      assertSameBytes(bytes, quantized.tf8Model(), images());
      tf.dispose(bytes);
    }, rules);
  });

  it('train γ and β, as differences of the loss say', () => {
    withNetwork((quantized) => {
      const [layer] = quantized.reEstimatedLayers;
      const batch = tf.tensor(images(), [IMAGES, SIDE, SIDE, DEPTH]);
      const loss = () =>
        quantized
          .train(batch, { progress: tf.scalar(1) })
          .square()
          .mean()
          .asScalar();
      const trained = ['gamma', 'beta'].map((name) => quantized.weights.get(`${layer}/${name}`)!);
      const { grads } = tf.variableGrads(loss, trained);
      for (const variable of trained) {
        const gradient = [...grads[variable.name].dataSync()];
        const values = [...variable.dataSync()];
        const size = Math.max(...gradient.map(Math.abs));
        assert.ok(size > 0);
        // A step that is large beside the roundings, small beside the bends.
        const change = gradient.map((value) => (0.02 * value) / size);
        const at = (sign: number) =>
          tf.tidy(() => {
            variable.assign(tf.tensor1d(values.map((value, m) => value + sign * change[m])));
            return loss().dataSync()[0];
          });
        const difference = (at(1) - at(-1)) / 2;
        variable.assign(tf.tensor1d(values));
        const expected = gradient.reduce((sum, value, m) => sum + value * change[m], 0);
        assertNear(difference, expected, variable.name, 0.25 * Math.abs(expected));
      }
      tf.dispose([batch, ...Object.values(grads)]);
    });
  });

  it('are refused where no layer had one', async () => {
    const plain = networkOf(
      [SIDE, SIDE, DEPTH],
      chain(tf.layers.flatten(), tf.layers.dense({ units: 2 })),
    );
    const { graph, model } = await startOfModel(plain, AS_PUBLISHED);
    plain.dispose();
    assert.throws(() => new QuantizedNetwork(graph, model, RE_ESTIMATED), {
      name: 'UserError',
      message:
        /^Expected layers with batch norms to be re-estimated but network has none that is folded/,
    });
  });
});
