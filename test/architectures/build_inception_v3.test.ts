import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { inceptionV3Layers } from '../../architectures/inception_v3_layers.ts';
import { costOfNetwork } from '../../architectures/layer_costs.ts';
import { logitsModel } from '../../architectures/logits_model.ts';
import { buildNetwork } from '../../architectures/network.ts';
import { SMALL_INCEPTION, weightOf, weightShape } from './support.ts';

describe('buildNetwork of InceptionV3', () => {
  let model: tf.LayersModel;

  before(() => {
    model = buildNetwork(SMALL_INCEPTION, { seed: 1 });
  });

  after(() => model.dispose());

  it('has the layers, shapes and parameters of its table', () => {
    const { base, logits } = inceptionV3Layers(SMALL_INCEPTION);
    for (const { name, outputShape } of [...base, logits]) {
      const { shape } = model.getLayer(name).output as tf.SymbolicTensor;
      assert.deepEqual(shape, [null, ...outputShape], name);
    }
    const cost = costOfNetwork(SMALL_INCEPTION);
    assert.equal(model.countParams(), cost.storedParameters);
    const trainable = model.trainableWeights.reduce(
      (sum, { shape }) => sum + (shape as number[]).reduce((product, n) => product * n, 1),
      0,
    );
    assert.equal(trainable, cost.trainableParameters);
  });

  it('has slim’s batch norm and a ReLU after every convolution but the logits', () => {
    for (const layer of inceptionV3Layers(SMALL_INCEPTION).base) {
      if (layer.op !== 'conv') continue;
      assert.equal(model.getLayer(layer.name).getConfig().useBias, false);
      const norm = model.getLayer(`${layer.name}/BatchNorm`);
      const { scale, center, epsilon, momentum } = norm.getConfig();
      assert.deepEqual([scale, center, epsilon, momentum], [false, true, 0.001, 0.9997]);
      const relu = model.getLayer(`${layer.name}/Relu`);
      assert.equal(relu.input, norm.output);
    }
    assert.equal(model.getLayer('Conv2d_1c_1x1').getConfig().useBias, true);
  });

  it('keeps 0.8 of the pooled features while training, unless told otherwise', () => {
    assert.equal(model.getLayer('Dropout_1b').getConfig().rate, 0.2);
    const other = buildNetwork(SMALL_INCEPTION, { dropout: 0.5, batchNormDecay: 0.9 });
    assert.equal(other.getLayer('Dropout_1b').getConfig().rate, 0.5);
    assert.equal(
      other.getLayer('Mixed_7c/Branch_3/Conv2d_0b_1x1/BatchNorm').getConfig().momentum,
      0.9,
    );
    other.dispose();
  });

  it('averages a border pixel over the positions inside the image only', () => {
    const pool = model.getLayer('Mixed_5b/Branch_3/AvgPool_0a_3x3');
    const [, height, width, channels] = pool.outputShape as [null, number, number, number];
    tf.tidy(() => {
      const averaged = pool.apply(tf.ones([1, height, width, channels])) as tf.Tensor;
      assert.ok(averaged.dataSync().every((value) => Math.abs(value - 1) < 1e-6));
    });
  });

  it('gives class probabilities, and logitsModel what they are the softmax of', () => {
    tf.tidy(() => {
      const { resolution, classes } = SMALL_INCEPTION;
      const input = tf.randomUniform([2, resolution, resolution, 3], -1, 1, 'float32', 7);
      const probabilities = model.predict(input) as tf.Tensor2D;
      const logits = logitsModel(model).predict(input) as tf.Tensor2D;
      assert.deepEqual(
        [probabilities.shape, logits.shape],
        [
          [2, classes],
          [2, classes],
        ],
      );
      const softmax = tf.softmax(logits).dataSync();
      probabilities.dataSync().forEach((value, index) => {
        assert.ok(Math.abs(value - softmax[index]) < 1e-6);
      });
    });
  });

  it('draws weights of variance 2 / fan-in, as slim does, the same from the same seed', () => {
    const name = 'Mixed_7c/Branch_2/Conv2d_0b_3x3/kernel';
    const values = weightOf(model, name);
    const [height, width, channels] = weightShape(model, name) as [number, number, number];
    const fanIn = height * width * channels;
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    // n ≥ 10⁴ values: the estimate's σ is below 2 %
    assert.ok(values.length >= 1e4);
    assert.ok(Math.abs((variance * fanIn) / 2 - 1) <= 0.08, `${variance * fanIn}`);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert.ok(largest <= 2 * Math.sqrt(2.6 / fanIn) * (1 + 1e-6));
    const again = buildNetwork(SMALL_INCEPTION, { seed: 1 });
    const other = buildNetwork(SMALL_INCEPTION, { seed: 2, logitsStddev: 0.001 });
    assert.deepEqual(weightOf(again, name), values);
    assert.notDeepEqual(weightOf(other, name), values);
    assert.ok(weightOf(other, 'Conv2d_1c_1x1/kernel').every((value) => Math.abs(value) <= 0.00201));
    again.dispose();
    other.dispose();
  });

  it('is called by its width, resolution and classes', () => {
    const { widthMultiplier, resolution, classes } = SMALL_INCEPTION;
    assert.equal(model.name, `InceptionV3_${widthMultiplier}_${resolution}_${classes}`);
  });

  it('refuses a configuration that no network can have', () => {
    assert.throws(
      () => buildNetwork({ ...SMALL_INCEPTION, resolution: 64 }),
      /^InvalidValueError: Expected a resolution of at least 75 pixels but received 64/,
    );
  });

  it('leaves no tensors behind once it is disposed', () => {
    const before = tf.memory().numTensors;
    buildNetwork(SMALL_INCEPTION).dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});
