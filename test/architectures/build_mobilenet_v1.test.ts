import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { networkCost } from '../../architectures/layer_costs.ts';
import { logitsModel } from '../../architectures/logits_model.ts';
import { convLayers } from '../../architectures/mobilenet_v1.ts';
import { STANDARD, VARIANTS } from '../../architectures/variants.ts';
import { randomizeWeights, someInput, TINY, weightOf } from './support.ts';

describe('buildMobileNetV1', () => {
  for (const variant of VARIANTS) {
    it(`${variant.name}: has the layers, shapes and parameters of its table`, () => {
      const config = { ...TINY, widthMultiplier: 0.25, variant };
      const model = buildMobileNetV1(config);
      try {
        const layers = convLayers(config);
        for (const { kind, name, outputShape, batchNorm, bias, activation } of layers) {
          const layer = model.getLayer(name);
          assert.deepEqual((layer.output as tf.SymbolicTensor).shape, [null, ...outputShape]);
          assert.equal(layer.getClassName(), kind === 'depthwise' ? 'DepthwiseConv2D' : 'Conv2D');
          assert.equal(layer.weights.length, bias ? 2 : 1);
          const names = model.layers.map((candidate) => candidate.name);
          assert.equal(names.includes(`${name}/BatchNorm`), batchNorm);
          assert.equal(names.includes(`${name}/Relu6`), activation === 'relu6');
          assert.equal(names.includes(`${name}/Relu`), activation === 'relu');
        }
        const cost = networkCost(layers);
        assert.equal(model.countParams(), cost.storedParameters);
        const trainable = model.trainableWeights.reduce(
          (sum, { shape }) => sum + (shape as number[]).reduce((product, n) => product * n, 1),
          0,
        );
        assert.equal(trainable, cost.trainableParameters);
      } finally {
        model.dispose();
      }
    });
  }

  it('gives class probabilities, and logitsModel what they are the softmax of', () => {
    const model = buildMobileNetV1({ ...TINY, variant: STANDARD });
    try {
      randomizeWeights(model);
      tf.tidy(() => {
        const input = someInput(3);
        const probabilities = model.predict(input) as tf.Tensor2D;
        const logits = logitsModel(model).predict(input) as tf.Tensor2D;
        assert.deepEqual(probabilities.shape, [3, TINY.classes]);
        assert.deepEqual(logits.shape, [3, TINY.classes]);
        const softmax = tf.softmax(logits).dataSync();
        probabilities.dataSync().forEach((value, index) => {
          assert.ok(Math.abs(value - softmax[index]) < 1e-6);
        });
      });
    } finally {
      model.dispose();
    }
  });

  it('draws the same initial weights from the same seed, others from another', () => {
    const build = (seed: number) => {
      const model = buildMobileNetV1({ ...TINY, variant: STANDARD }, { seed });
      const names = ['Conv2d_0/kernel', 'Conv2d_3_pointwise/kernel'];
      const values = names.flatMap((name) => [...weightOf(model, name)]);
      model.dispose();
      return values;
    };
    const first = build(1);
    assert.deepEqual(build(1), first);
    assert.deepEqual(build(0), build(0)); // TensorFlow.js takes a seed of 0 for none
    assert.notDeepEqual(build(2), first);
    const shared = new Set(first);
    assert.ok(!build(0).some((value) => shared.has(value)), 'seeds 0 and 1 share no layer');
    // A normal distribution of σ = 0.09, truncated at 2σ.
    assert.ok(first.every((value) => Math.abs(value) <= 0.18 + 1e-6));
  });

  it('refuses a configuration that no network can have', () => {
    assert.throws(
      () => buildMobileNetV1({ ...TINY, variant: STANDARD, resolution: 16 }),
      /^InvalidValueError: Expected a resolution of at least 32 pixels but received 16/,
    );
  });

  it('leaves no tensors behind once it is disposed', () => {
    const before = tf.memory().numTensors;
    buildMobileNetV1({ ...TINY, variant: STANDARD }).dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});
