import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { buildNetwork } from '../../architectures/network.ts';
import { recognizeMobileNetV1 } from '../../architectures/recognize_mobilenet_v1.ts';
import { FRIENDLY, STANDARD, VARIANTS } from '../../architectures/variants.ts';
import { disposeModels } from '../support/dispose_models.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { randomizeWeights, SMALL_INCEPTION, someInput, TINY } from './support.ts';

interface LayerJson {
  readonly class_name: string;
  readonly config: Record<string, unknown>;
}

/** A tiny standard network, one layer of which has another configuration. */
async function changed(
  layer: string,
  change: Readonly<Record<string, unknown>>,
): Promise<tf.LayersModel> {
  const built = buildMobileNetV1({ ...TINY, variant: STANDARD });
  const topology = built.toJSON(null, false) as unknown as { config: { layers: LayerJson[] } };
  built.dispose();
  const { config } = topology.config.layers.find((one) => one.config.name === layer)!;
  for (const key of Object.keys(change)) assert.ok(key in config, `${layer} has no ${key}`);
  Object.assign(config, change);
  const model = await tf.models.modelFromJSON(topology as unknown as tf.io.ModelJSON);
  randomizeWeights(model);
  return model;
}

function outputs(model: tf.LayersModel): Float32Array {
  return tf.tidy(() => (model.predict(someInput(2)) as tf.Tensor).dataSync<'float32'>().slice());
}

function assertSameFunction(received: tf.LayersModel, expected: tf.LayersModel): void {
  const [a, b] = [outputs(received), outputs(expected)];
  assert.equal(a.length, b.length);
  a.forEach((value, index) => {
    assert.ok(Math.abs(value - b[index]) < 1e-5, `${index}: ${value}, not ${b[index]}`);
  });
}

describe('recognizeMobileNetV1', () => {
  before(needsTensorFlow);

  afterEach(disposeModels);

  for (const variant of VARIANTS) {
    it(`tells ${variant.name} and rebuilds its function`, () => {
      const original = buildMobileNetV1({ ...TINY, variant });
      randomizeWeights(original);
      const { config, model, foldedBatchNorms } = recognizeMobileNetV1(original)!;
      const { resolution, classes } = TINY;
      // L2 while training leaves no trace.
      assert.equal(config.variant, variant.name === 'relu' ? FRIENDLY : variant);
      assert.deepEqual([config.resolution, config.classes], [resolution, classes]);
      assert.deepEqual(foldedBatchNorms, []);
      assertSameFunction(model, original);
    });
  }

  it('moves a bias in front of a batch norm into its mean', async () => {
    const original = await changed('Conv2d_3_pointwise', { use_bias: true });
    const recognized = recognizeMobileNetV1(original)!;
    assert.equal(recognized.model.getLayer('Conv2d_3_pointwise').getWeights().length, 1);
    assertSameFunction(recognized.model, original);
  });

  it('takes a batch norm without γ and β', async () => {
    const original = await changed('Conv2d_2_depthwise/BatchNorm', { scale: false, center: false });
    assertSameFunction(recognizeMobileNetV1(original)!.model, original);
  });

  const others: readonly (readonly [
    what: string,
    layer: string,
    change: Readonly<Record<string, unknown>>,
  ])[] = [
    ['another stride', 'Conv2d_1_depthwise', { strides: [2, 2] }],
    ['another number of filters', 'Conv2d_5_pointwise', { filters: 9 }],
    ['another window', 'Conv2d_0', { kernel_size: [5, 5] }],
    ['padding that is not "same"', 'Conv2d_0', { padding: 'valid' }],
    ['dilation', 'Conv2d_3_depthwise', { dilation_rate: [2, 2] }],
    ['two filters for each channel', 'Conv2d_13_depthwise', { depth_multiplier: 2 }],
    ['an activation of another bound', 'Conv2d_4_pointwise/Relu6', { max_value: 5 }],
    ['an activation within a convolution', 'Conv2d_4_pointwise', { activation: 'tanh' }],
    ['another ε', 'Conv2d_6_pointwise/BatchNorm', { epsilon: 0.01 }],
  ];
  for (const [what, layer, change] of others) {
    it(`leaves alone a network with ${what}`, async () => {
      assert.equal(recognizeMobileNetV1(await changed(layer, change)), undefined);
    });
  }

  it('leaves alone a network with branches', () => {
    assert.equal(recognizeMobileNetV1(buildNetwork(SMALL_INCEPTION)), undefined);
  });

  it('leaves alone a network with a layer that no float graph has', () => {
    const input = tf.input({ shape: [32, 32, 3] });
    const outputs = tf.layers.upSampling2d({}).apply(input) as tf.SymbolicTensor;
    assert.equal(recognizeMobileNetV1(tf.model({ inputs: input, outputs })), undefined);
  });

  it('leaves alone a chain that ends early', () => {
    const { inputs, layers } = buildMobileNetV1({ ...TINY, variant: STANDARD });
    const half = layers[Math.floor(layers.length / 2)];
    const cut = tf.model({ inputs, outputs: half.output as tf.SymbolicTensor });
    assert.equal(recognizeMobileNetV1(cut), undefined);
  });
});
