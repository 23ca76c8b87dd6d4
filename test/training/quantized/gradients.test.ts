import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { FloatNode, FloatWeightedNode } from '../../../architectures/graph/float_node.ts';
import { operationOf } from '../../../architectures/graph/operations/table.ts';
import { samePadding } from '../../../architectures/graph/window.ts';
import { summed } from '../../../training/quantized/layer_sums.ts';
import { prelu } from '../../../training/quantized/prelu.ts';
import { resized } from '../../../training/quantized/resized.ts';
import { sliced } from '../../../training/quantized/sliced.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';

const noise = (shape: readonly number[], seed: number) =>
  tf.randomUniform([...shape], -1, 1, 'float32', seed);

/**
 * Fails unless the gradient of a function is that of the linear map that it stands for: Σ g · map(v) =
 * Σ (the gradient of Σ g · f at x) · v, for random g and v.
 */
function assertAdjoint(
  f: (x: tf.Tensor) => tf.Tensor,
  map: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
): void {
  const [expected, received] = tf.tidy(() => {
    const v = noise(x.shape, 5);
    const image = map(v);
    const g = noise(image.shape, 6);
    const gradient = tf.grad((at: tf.Tensor) => f(at).mul(g).sum())(x);
    return [image.mul(g).sum(), gradient.mul(v).sum()].map((sum) => sum.dataSync()[0]);
  });
  assert.ok(Math.abs(expected - received) < 1e-3 * Math.max(1, Math.abs(expected)));
}

const IMAGE = [2, 6, 5, 4];

/** Integers, as the differences of bytes from their zero point. */
const offsets = () => noise(IMAGE, 1).mul(120).round();

const parameters = () => ({ scale: tf.scalar(1), zeroPoint: tf.scalar(128) });

const floatMap = (node: FloatNode) => (x: tf.Tensor) =>
  operationOf(node).run(node, { tf, inputs: [x], constants: {} });

describe('gradients of operations in integers', () => {
  before(needsTensorFlow);

  const fields = {
    name: 'layer',
    inputs: ['x'],
    kernel: new Float32Array(),
    bias: new Float32Array(),
    activation: 'linear',
  } as const;
  const layers: Readonly<Record<string, FloatWeightedNode>> = {
    'a dilated convolution': {
      ...fields,
      op: 'conv2d',
      kernelShape: [3, 2, 4, 3],
      strides: [1, 1],
      dilations: [2, 3],
      padding: samePadding(IMAGE.slice(1), [5, 4], [1, 1]),
    },
    'a grouped convolution': {
      ...fields,
      op: 'conv2d',
      kernelShape: [3, 3, 2, 6],
      strides: [2, 1],
      groups: 2,
      padding: samePadding(IMAGE.slice(1), [3, 3], [2, 1]),
    },
    'a dilated depthwise convolution': {
      ...fields,
      op: 'depthwiseConv2d',
      kernelShape: [3, 3, 4, 2],
      strides: [1, 1],
      dilations: [2, 2],
      padding: samePadding(IMAGE.slice(1), [5, 5], [1, 1]),
    },
    'a transposed convolution': {
      ...fields,
      op: 'transposedConv2d',
      kernelShape: [3, 3, 4, 3],
      strides: [2, 2],
      padding: { top: 1, bottom: 0, left: 0, right: 1 },
      outputPadding: [1, 0],
    },
  };
  for (const [title, node] of Object.entries(layers)) {
    it(`of ${title} are those of its sums, which are those of plain loops`, () => {
      tf.tidy(() => {
        const kernel = noise(node.kernelShape, 2).mul(120).round();
        const outputs =
          node.op === 'depthwiseConv2d'
            ? node.kernelShape[2] * node.kernelShape[3]
            : node.kernelShape[3];
        const bias = tf.zeros([outputs]);
        const x = offsets();
        const sums = summed(node, x, kernel, bias);
        assert.deepEqual([...sums.dataSync()], plainSums(node, x, kernel));
        const ofX = (at: tf.Tensor) => summed(node, at, kernel, bias);
        assertAdjoint(ofX, ofX, x);
        const ofKernel = (at: tf.Tensor) => summed(node, x, at, bias);
        assertAdjoint(ofKernel, ofKernel, kernel);
      });
    });
  }

  for (const method of ['nearest', 'bilinear'] as const) {
    it(`of a resize (${method}) are those of the float one`, () => {
      const size = [9, 7] as const;
      const node = { op: 'resize', name: 'resize', inputs: ['x'], size, method } as const;
      const half = { ...node, corners: 'halfPixel' } as const;
      tf.tidy(() => {
        const own = (x: tf.Tensor) =>
          resized(half, { offsets: x, parameters: parameters() }, false).output.offsets;
        assertAdjoint(own, floatMap(half), offsets());
      });
    });
  }

  it('of a slice with strides are those of the float one', () => {
    const slice = {
      op: 'slice',
      name: 'slice',
      inputs: ['x'],
      begin: [1, 0, 1],
      size: [3, 2, 2],
      strides: [2, 3, 1],
    } as const;
    tf.tidy(() => assertAdjoint((x) => sliced(slice, x), floatMap(slice), offsets()));
  });

  it('of a ReLU with slopes are the slope below 0, and what is below 0 for the slope, by hand', () => {
    tf.tidy(() => {
      // In real numbers: x = [−4, 6] · 0.5, α = −3 · 0.25, at a scale of 1, whose range holds both results.
      const range = { range: tf.tensor1d([-127.5, 127.5]), parameters: parameters() };
      const f = (x: tf.Tensor, slopes: tf.Tensor) =>
        prelu(
          { offsets: x, parameters: { scale: tf.scalar(0.5), zeroPoint: tf.scalar(0) } },
          { offsets: slopes, parameters: { scale: tf.scalar(0.25), zeroPoint: tf.scalar(0) } },
          range,
        ).output.offsets;
      const x = tf.tensor4d([-4, 6], [1, 2, 1, 1]);
      const slopes = tf.tensor3d([-3], [1, 1, 1]);
      assert.deepEqual([...f(x, slopes).dataSync()], [2, 3]);
      const g = tf.tensor4d([10, 100], [1, 2, 1, 1]);
      const [ofX, ofSlopes] = tf.grads((at: tf.Tensor, own: tf.Tensor) => f(at, own).mul(g).sum())([
        x,
        slopes,
      ]);
      assert.deepEqual([...ofX.dataSync()], [-7.5, 100]);
      assert.deepEqual([...ofSlopes.dataSync()], [-20]);
    });
  });
});

/** The sums of a convolution or a transposed one, tap by tap. */
function plainSums(node: FloatWeightedNode, x: tf.Tensor, kernel: tf.Tensor): number[] {
  const [input, weights] = [x.dataSync(), kernel.dataSync()];
  const [batch, height, width, channels] = x.shape;
  const { op, kernelShape, strides, padding } = node;
  const [kh, kw, depth, last] = kernelShape;
  const { dilations = [1, 1], groups = 1 } = node as Partial<{
    dilations: readonly number[];
    groups: number;
  }>;
  const isDepthwise = op === 'depthwiseConv2d';
  const outputs = isDepthwise ? channels * last : last;
  const [rows, columns] = operationOf(node).shape(node, [x.shape.slice(1)]);
  const sums: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < rows; y++) {
      for (let at = 0; at < columns; at++) {
        for (let m = 0; m < outputs; m++) {
          let sum = 0;
          for (let ky = 0; ky < kh; ky++) {
            for (let kx = 0; kx < kw; kx++) {
              const [iy, ix] =
                op === 'transposedConv2d'
                  ? [(y + padding.top - ky) / strides[0], (at + padding.left - kx) / strides[1]]
                  : [
                      y * strides[0] + ky * dilations[0] - padding.top,
                      at * strides[1] + kx * dilations[1] - padding.left,
                    ];
              if (!(Number.isInteger(iy) && iy >= 0 && iy < height)) continue;
              if (!(Number.isInteger(ix) && ix >= 0 && ix < width)) continue;
              const pixel = ((n * height + iy) * width + ix) * channels;
              const tap = ky * kw + kx;
              if (isDepthwise) {
                sum += input[pixel + Math.floor(m / last)] * weights[tap * outputs + m];
                continue;
              }
              const first = Math.floor((m * groups) / last) * depth;
              for (let c = 0; c < depth; c++) {
                sum += input[pixel + first + c] * weights[(tap * depth + c) * last + m];
              }
            }
          }
          sums.push(sum + 0);
        }
      }
    }
  }
  return sums;
}
