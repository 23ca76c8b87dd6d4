import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import type { ConvLayer } from '../../../architectures/conv_layer.ts';
import {
  foldBatchNorm,
  foldingFactors,
  handleZeroVariance,
  ZERO_VARIANCE_THRESHOLD,
} from '../../../architectures/graph/fold_batch_norm.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { convLayers } from '../../../architectures/mobilenet_v1.ts';
import { VARIANTS } from '../../../architectures/variants.ts';
import { InvalidValueError } from '../../../foundation/errors.ts';
import { randomizeWeights, someInput, TINY, weightOf } from '../support.ts';

describe('handleZeroVariance', () => {
  const variance = Float32Array.of(1, 1e-35, 3, 0);

  it('mean: gives dead channels the mean variance of the live ones', () => {
    assert.deepEqual(handleZeroVariance(variance, 'mean'), {
      variance: Float32Array.of(1, 2, 3, 2),
      channels: [1, 3],
    });
  });

  it('keep: changes nothing', () => {
    assert.deepEqual(handleZeroVariance(variance, 'keep'), { variance, channels: [] });
  });

  it('leaves its input as it is', () => {
    handleZeroVariance(variance, 'mean');
    assert.deepEqual(variance, Float32Array.of(1, 1e-35, 3, 0));
  });

  it('counts a channel as dead below the threshold, and not at it', () => {
    const { channels } = handleZeroVariance(Float32Array.of(0.5, 0.25, 1), 'mean', 0.5);
    assert.deepEqual(channels, [1]);
    assert.equal(ZERO_VARIANCE_THRESHOLD, 1e-6);
  });

  it('keeps a layer whose channels are all dead: there is no variance to borrow', () => {
    const dead = Float32Array.of(0, 1e-35);
    assert.deepEqual(handleZeroVariance(dead, 'mean'), { variance: dead, channels: [] });
    const batchNorm = {
      gamma: Float32Array.of(1, 1),
      beta: Float32Array.of(0, 0),
      mean: Float32Array.of(0, 0),
      variance: dead,
      epsilon: 0.001,
    };
    const { kernel } = foldBatchNorm({
      kernel: Float32Array.of(1, 1),
      kernelShape: [1, 1, 2, 1],
      kind: 'depthwise',
      batchNorm,
      zeroVariance: 'mean',
    });
    assert.ok(kernel.every(Number.isFinite));
  });

  it('leaves no dead channel behind where one is alive, and changes no live one', () => {
    const variances = fc.array(
      fc.oneof(
        fc.constant(0),
        fc.float({ min: 0, max: 100, noNaN: true, noDefaultInfinity: true }),
      ),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(variances, (list) => {
        const before = Float32Array.from(list);
        const { variance: after, channels } = handleZeroVariance(before, 'mean');
        const changed = new Set(channels);
        const alive = before.some((value) => value >= ZERO_VARIANCE_THRESHOLD);
        after.forEach((value, channel) => {
          if (!changed.has(channel)) assert.equal(value, before[channel]);
          if (alive) assert.ok(value >= Math.fround(ZERO_VARIANCE_THRESHOLD));
        });
      }),
    );
  });
});

describe('foldingFactors', () => {
  it('is γ/√(σ² + ε) of each channel, also where σ² is 0', () => {
    const gamma = Float32Array.of(3, -2, 0);
    const variance = Float32Array.of(0, 3.75, 1);
    assert.deepEqual(foldingFactors({ gamma, variance, epsilon: 0.25 }), Float64Array.of(6, -1, 0));
  });
});

describe('foldBatchNorm', () => {
  const finite = (min: number, max: number) =>
    fc.float({ min: Math.fround(min), max: Math.fround(max), noNaN: true });
  const channel = fc.record({
    weight: finite(-2, 2),
    bias: finite(-2, 2),
    gamma: finite(-3, 3),
    beta: finite(-3, 3),
    mean: finite(-5, 5),
    variance: finite(0, 10),
  });

  for (const kind of ['conv', 'depthwise'] as const) {
    it(`${kind}: gives what the convolution and the batch norm give one after the other`, () => {
      fc.assert(
        fc.property(
          fc.array(channel, { minLength: 1, maxLength: 8 }),
          finite(-4, 4),
          fc.boolean(),
          (channels, x, hasBias) => {
            const of = (key: keyof (typeof channels)[number]) =>
              Float32Array.from(channels, (values) => values[key]);
            const n = channels.length;
            const epsilon = 0.001;
            const folded = foldBatchNorm({
              kernel: of('weight'),
              kernelShape: kind === 'conv' ? [1, 1, 1, n] : [1, 1, n, 1],
              kind,
              ...(hasBias && { bias: of('bias') }),
              batchNorm: {
                gamma: of('gamma'),
                beta: of('beta'),
                mean: of('mean'),
                variance: of('variance'),
                epsilon,
              },
              zeroVariance: 'keep',
            });
            assert.deepEqual(folded.zeroVarianceChannels, []);
            channels.forEach((values, c) => {
              const { weight, bias, gamma, beta, mean, variance } = values;
              const linear = weight * x + (hasBias ? bias : 0);
              const expected = (gamma * (linear - mean)) / Math.sqrt(variance + epsilon) + beta;
              const received = folded.kernel[c] * x + folded.bias[c];
              // Two roundings to single precision, of w' (times x) and of b'.
              const size = Math.abs(folded.kernel[c] * x) + Math.abs(folded.bias[c]) + 1e-30;
              assert.ok(
                Math.abs(received - expected) <= 2 ** -23 * size,
                `channel ${c}: expected ${expected}, received ${received}`,
              );
            });
          },
        ),
      );
    });
  }

  it('multiplies all taps of an output channel by its α, of a depthwise one by that of c · multiplier + m', () => {
    const batchNorm = {
      gamma: Float32Array.of(1, 2, 3, 4),
      beta: new Float32Array(4),
      mean: new Float32Array(4),
      variance: Float32Array.of(0.75, 0.75, 0.75, 0.75),
      epsilon: 0.25,
    };
    const ones = new Float32Array(8).fill(1);
    const expected = Float32Array.of(1, 2, 3, 4, 1, 2, 3, 4);
    const shared = { kernel: ones, batchNorm, zeroVariance: 'keep' } as const;
    for (const [kind, kernelShape] of [
      ['conv', [1, 2, 1, 4]],
      ['conv', [1, 1, 2, 4]],
      ['depthwise', [2, 1, 4, 1]],
      ['depthwise', [1, 2, 2, 2]],
    ] as const) {
      assert.deepEqual(foldBatchNorm({ ...shared, kind, kernelShape }).kernel, expected);
    }
  });

  it('reports the channels whose variance was replaced', () => {
    const { kernel, zeroVarianceChannels } = foldBatchNorm({
      kernel: Float32Array.of(1, 1, 1),
      kernelShape: [1, 1, 3, 1],
      kind: 'depthwise',
      batchNorm: {
        gamma: Float32Array.of(2, 2, 2),
        beta: new Float32Array(3),
        mean: new Float32Array(3),
        variance: Float32Array.of(3.75, 0, 3.75),
        epsilon: 0.25,
      },
      zeroVariance: 'mean',
    });
    assert.deepEqual(zeroVarianceChannels, [1]);
    assert.deepEqual(kernel, Float32Array.of(1, 1, 1));
  });

  for (const wrong of ['kernel', 'bias', 'gamma', 'beta', 'mean', 'variance'] as const) {
    it(`refuses a ${wrong} of another length than the kernel’s shape asks for`, () => {
      const vector = (name: string) => new Float32Array(name === wrong ? 3 : 2);
      const options = {
        kernel: vector('kernel'),
        kernelShape: [1, 1, 1, 2],
        kind: 'conv',
        bias: vector('bias'),
        batchNorm: {
          gamma: vector('gamma'),
          beta: vector('beta'),
          mean: vector('mean'),
          variance: vector('variance'),
          epsilon: 0.001,
        },
        zeroVariance: 'keep',
      } as const;
      assert.throws(
        () => foldBatchNorm(options),
        new InvalidValueError(
          `Expected 2 values for ${wrong} of a kernel [1,1,1,2] but received 3`,
        ),
      );
    });
  }

  for (const variant of VARIANTS) {
    it(`folds a whole ${variant.name} network without changing what it computes`, () => {
      const config = { ...TINY, variant };
      const model = buildMobileNetV1(config);
      const logits = logitsModel(model);
      randomizeWeights(model);
      try {
        tf.tidy(() => {
          const input = someInput(2);
          const expected = (logits.predict(input) as tf.Tensor).dataSync();
          const received = runFolded(model, convLayers(config), input).dataSync();
          const largest = Math.max(...expected.map(Math.abs));
          expected.forEach((value, index) => {
            assert.ok(Math.abs(received[index] - value) <= 1e-4 * largest);
          });
        });
      } finally {
        model.dispose();
      }
    });
  }
});

/** Computes the logits [N, classes] from folded weights, layer by layer. */
function runFolded(
  model: tf.LayersModel,
  layers: readonly ConvLayer[],
  input: tf.Tensor4D,
): tf.Tensor {
  let x = input;
  for (const { kind, name, batchNorm, bias, stride, activation } of layers) {
    if (kind === 'logits') x = tf.mean(x, [1, 2], true) as tf.Tensor4D;
    const weightName = kind === 'depthwise' ? 'depthwise_kernel' : 'kernel';
    const variable = model.getLayer(name).weights[0];
    const kernelShape = variable.shape as [number, number, number, number];
    const statistic = (of: string) => weightOf(model, `${name}/BatchNorm/${of}`);
    const plain = {
      kernel: weightOf(model, `${name}/${weightName}`),
      bias: bias ? weightOf(model, `${name}/bias`) : undefined,
    };
    const folded = batchNorm
      ? foldBatchNorm({
          ...plain,
          kernelShape,
          kind: kind === 'depthwise' ? 'depthwise' : 'conv',
          batchNorm: {
            gamma: statistic('gamma'),
            beta: statistic('beta'),
            mean: statistic('moving_mean'),
            variance: statistic('moving_variance'),
            epsilon: 0.001,
          },
          zeroVariance: 'keep',
        })
      : plain;
    const kernel = tf.tensor4d(folded.kernel, kernelShape);
    const convolved =
      kind === 'depthwise'
        ? tf.depthwiseConv2d(x, kernel, stride, 'same')
        : tf.conv2d(x, kernel, stride, 'same');
    const shifted = tf.add(convolved, tf.tensor1d(folded.bias!)) as tf.Tensor4D;
    x =
      activation === 'linear'
        ? shifted
        : activation === 'relu'
          ? tf.relu(shifted)
          : tf.relu6(shifted);
  }
  return x;
}
