import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import type { MobileNetV1Config } from '../../architectures/mobilenet_v1.ts';
import { buildNetwork } from '../../architectures/network.ts';
import { transferWeights } from '../../architectures/transfer_weights.ts';
import { FRIENDLY, NO_DEPTHWISE_BN, RELU, STANDARD } from '../../architectures/variants.ts';
import { InvalidValueError } from '../../foundation/errors.ts';
import {
  randomizeWeights,
  SMALL_INCEPTION,
  setWeight,
  someInput,
  TINY,
  weightOf,
} from './support.ts';

/** Runs `use` with a trained source and a fresh target; both are disposed of afterwards. */
function withModels(
  sourceConfig: Partial<MobileNetV1Config>,
  targetConfig: Partial<MobileNetV1Config>,
  use: (source: tf.LayersModel, target: tf.LayersModel) => void,
): void {
  const source = buildMobileNetV1({ ...TINY, variant: STANDARD, ...sourceConfig });
  const target = buildMobileNetV1({ ...TINY, variant: STANDARD, ...targetConfig }, { seed: 99 });
  try {
    randomizeWeights(source);
    use(source, target);
  } finally {
    source.dispose();
    target.dispose();
  }
}

function activationAt(model: tf.LayersModel, layer: string, input: tf.Tensor4D): Float32Array {
  const output = model.getLayer(layer).output as tf.SymbolicTensor;
  const probe = tf.model({ inputs: model.inputs, outputs: output });
  return (probe.predict(input) as tf.Tensor).dataSync<'float32'>();
}

const snapshot = (model: tf.LayersModel) =>
  model.weights.map((variable) => variable.read().dataSync().slice());

describe('transferWeights', () => {
  it('copies every weight between networks of one shape', () =>
    withModels({}, { resolution: 64 }, (source, target) => {
      const report = transferWeights(source, target, { zeroVariance: 'mean' });
      assert.deepEqual(snapshot(target), snapshot(source));
      assert.equal(report.copied.length, target.layers.filter((l) => l.weights.length > 0).length);
      assert.deepEqual([report.folded, report.left], [[], []]);
    }));

  it('copies and does not share: training the target leaves the source as it is', () =>
    withModels({}, {}, (source, target) => {
      transferWeights(source, target, { zeroVariance: 'keep' });
      const before = weightOf(source, 'Conv2d_1c_1x1/bias').slice();
      setWeight(target, 'Conv2d_1c_1x1/bias', [9, 9, 9, 9, 9]);
      assert.deepEqual(weightOf(source, 'Conv2d_1c_1x1/bias'), before);
    }));

  it('leaves the logits layer fresh where the number of classes differs', () =>
    withModels({}, { classes: 7 }, (source, target) => {
      const fresh = weightOf(target, 'Conv2d_1c_1x1/kernel').slice();
      const report = transferWeights(source, target, { zeroVariance: 'keep' });
      assert.deepEqual(report.left, ['Conv2d_1c_1x1']);
      assert.deepEqual(weightOf(target, 'Conv2d_1c_1x1/kernel'), fresh);
      assert.ok(!report.copied.includes('Conv2d_1c_1x1'));
    }));

  for (const variant of [NO_DEPTHWISE_BN, RELU, FRIENDLY]) {
    it(`folds the depthwise batch norms of standard into the biases of ${variant.name}`, () =>
      withModels({}, { variant }, (source, target) => {
        const report = transferWeights(source, target, { zeroVariance: 'keep' });
        assert.deepEqual(
          report.folded,
          Array.from({ length: 13 }, (_, index) => ({
            layer: `Conv2d_${index + 1}_depthwise`,
            zeroVarianceChannels: [],
          })),
        );
        assert.equal(report.copied.length, 14 * 2 + 1);
        assert.deepEqual(report.left, []);
        if (variant !== NO_DEPTHWISE_BN) return;
        tf.tidy(() => {
          const input = someInput(1);
          const expected = activationAt(source, 'Conv2d_1_depthwise/BatchNorm', input);
          const received = activationAt(target, 'Conv2d_1_depthwise', input);
          expected.forEach((value, index) => {
            assert.ok(Math.abs(received[index] - value) < 1e-5);
          });
        });
      }));
  }

  it('handles zero-variance channels where it folds, and names them', () =>
    withModels({}, { variant: FRIENDLY }, (source, target) => {
      setWeight(source, 'Conv2d_2_depthwise/BatchNorm/moving_variance', [1, 1, 0, 1, 1, 1, 1, 1]);
      const transfer = (zeroVariance: 'keep' | 'mean') => {
        const { folded } = transferWeights(source, target, { zeroVariance });
        const kernel = weightOf(target, 'Conv2d_2_depthwise/depthwise_kernel');
        return { channels: folded[1].zeroVarianceChannels, weight: kernel[2] };
      };
      const kept = transfer('keep');
      const handled = transfer('mean');
      assert.deepEqual([kept.channels, handled.channels], [[], [2]]);
      const ratio = Math.sqrt(1.001 / 0.001);
      assert.ok(Math.abs(kept.weight / handled.weight / ratio - 1) < 1e-5);
    }));

  it('copies between variants that both have biases', () =>
    withModels({ variant: NO_DEPTHWISE_BN }, { variant: FRIENDLY }, (source, target) => {
      const report = transferWeights(source, target, { zeroVariance: 'mean' });
      assert.deepEqual(report.folded, []);
      assert.deepEqual(snapshot(target), snapshot(source));
    }));

  it('refuses another width, naming the layer and both shapes, and changes nothing', () =>
    withModels({}, { widthMultiplier: 0.5 }, (source, target) => {
      const before = snapshot(target);
      assert.throws(
        () => transferWeights(source, target, { zeroVariance: 'mean' }),
        new InvalidValueError(
          'Expected shape [3,3,3,16] for kernel of Conv2d_0 but the source has [3,3,3,8]',
        ),
      );
      assert.deepEqual(snapshot(target), before);
    }));

  it('refuses another width and number of classes alike', () =>
    withModels({}, { widthMultiplier: 0.01, classes: 7 }, (source, target) => {
      assert.throws(
        () => transferWeights(source, target, { zeroVariance: 'mean' }),
        /^InvalidValueError: Expected shape \[.*\] for kernel of Conv2d_6_pointwise but the source has/,
      );
    }));

  it('refuses to unfold: a batch norm cannot be made from a bias', () =>
    withModels({ variant: FRIENDLY }, {}, (source, target) => {
      assert.throws(
        () => transferWeights(source, target, { zeroVariance: 'mean' }),
        new InvalidValueError(
          `Expected a layer Conv2d_1_depthwise/BatchNorm in ${source.name} but it has none`,
        ),
      );
    }));

  it('refuses a target whose depthwise has neither batch norm nor bias', () => {
    const source = buildMobileNetV1({ ...TINY, variant: STANDARD });
    const bare = tf.sequential({
      layers: [
        tf.layers.depthwiseConv2d({
          name: 'Conv2d_1_depthwise',
          kernelSize: 3,
          useBias: false,
          inputShape: [8, 8, 8],
        }),
      ],
    });
    try {
      assert.throws(
        () => transferWeights(source, bare, { zeroVariance: 'mean' }),
        new InvalidValueError(
          'Expected a weight bias of Conv2d_1_depthwise but it has depthwise_kernel',
        ),
      );
    } finally {
      source.dispose();
      bare.dispose();
    }
  });

  it('copies an InceptionV3 for other classes and another resolution, but its logits', () => {
    const source = buildNetwork(SMALL_INCEPTION, { seed: 1 });
    const target = buildNetwork({ ...SMALL_INCEPTION, resolution: 96, classes: 7 }, { seed: 2 });
    try {
      const { copied, folded, left } = transferWeights(source, target, { zeroVariance: 'mean' });
      // 94 convolutions and their batch norms
      assert.deepEqual([copied.length, folded, left], [188, [], ['Conv2d_1c_1x1']]);
      for (const { originalName } of source.weights) {
        if (originalName.startsWith('Conv2d_1c_1x1/')) continue;
        assert.deepEqual(weightOf(target, originalName), weightOf(source, originalName));
      }
    } finally {
      source.dispose();
      target.dispose();
    }
  });

  it('leaves no tensors behind', () =>
    withModels({}, { variant: FRIENDLY, classes: 7 }, (source, target) => {
      const before = tf.memory();
      transferWeights(source, target, { zeroVariance: 'mean' });
      assert.equal(tf.memory().numTensors, before.numTensors);
    }));
});
