import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { dropFirstOutputs } from '../../../architectures/rearchitect/drop_outputs.ts';
import { runChain, weightTensors } from '../../../architectures/rearchitect/forward.ts';
import { readWeight } from '../../../architectures/rearchitect/model_weights.ts';
import { readChain } from '../../../architectures/rearchitect/read_chain.ts';
import { equalizeModel } from '../../../architectures/rearchitect/scale_model.ts';
import {
  FRIENDLY,
  NO_DEPTHWISE_BN,
  RELU,
  STANDARD,
  VARIANTS,
} from '../../../architectures/variants.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { randomizeWeights, setWeight, someInput, TINY } from '../support.ts';
import { relativeDifference } from './support.ts';

function randomModel(variant = STANDARD): tf.LayersModel {
  const model = buildMobileNetV1({ ...TINY, variant });
  randomizeWeights(model);
  return model;
}

function logits(model: tf.LayersModel): Float32Array {
  return tf.tidy(() =>
    (logitsModel(model).predict(someInput(2)) as tf.Tensor).dataSync<'float32'>(),
  );
}

/** Differences that single precision makes over 28 layers. */
const ROUNDING = 1e-4;

describe('readChain', () => {
  before(needsTensorFlow);

  it('folds the batch norms of every variant without changing its function', () => {
    for (const variant of VARIANTS) {
      const model = randomModel(variant);
      const { chain } = readChain(model, { ...TINY, variant });
      const weights = weightTensors('x', chain);
      const folded = tf.tidy(() => runChain(chain, someInput(2), 'x', weights).dataSync());
      assert.ok(relativeDifference(folded, logits(model)) < ROUNDING, variant.name);
      tf.dispose(weights);
      model.dispose();
    }
  });

  it('keeps the function of any random network', () => {
    const model = randomModel();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        tf.tidy(() => {
          for (const [i, variable] of model.weights.entries()) {
            const low = /(gamma|moving_variance)$/.test(variable.originalName) ? 0.1 : -1;
            const shape = [...variable.shape] as number[];
            variable.write(tf.randomUniform(shape, low, 1, 'float32', seed + i));
          }
        });
        const { chain } = readChain(model, { ...TINY, variant: STANDARD });
        const weights = weightTensors('x', chain);
        const folded = tf.tidy(() => runChain(chain, someInput(2), 'x', weights).dataSync());
        tf.dispose(weights);
        assert.ok(relativeDifference(folded, logits(model)) < ROUNDING);
      }),
      { numRuns: 10 },
    );
    model.dispose();
  });

  it('names the channels whose batch norm has variance 0', () => {
    const model = randomModel();
    setWeight(model, 'Conv2d_1_depthwise/BatchNorm/moving_variance', [1, 0, 1, 1, 1e-9, 1, 1, 1]);
    const { zeroVariance } = readChain(model, { ...TINY, variant: STANDARD });
    assert.deepEqual([...zeroVariance], [['Conv2d_1_depthwise', [1, 4]]]);
    model.dispose();
  });

  it('refuses another network, saying what differs', () => {
    const model = randomModel(FRIENDLY);
    const refusal = (config: Partial<Parameters<typeof readChain>[1]>, message: RegExp) =>
      assert.throws(() => readChain(model, { ...TINY, variant: FRIENDLY, ...config }), {
        name: 'RearchitectError',
        message,
        remedy: /trained as variant standard/,
      });
    refusal({ variant: STANDARD }, /the activation after Conv2d_0 is relu/);
    refusal({ variant: NO_DEPTHWISE_BN }, /the activation after Conv2d_0 is relu/);
    refusal({ widthMultiplier: 1 }, /Conv2d_0 has weights \[3,3,3,8\], not \[3,3,3,32\]/);
    model.dispose();
    const dense = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    assert.throws(
      () => readChain(dense, { ...TINY, variant: STANDARD }),
      /is none: it has no layer Conv2d_0/,
    );
    dense.dispose();
  });

  it('refuses batch norms that should not be there, and misses those that should', () => {
    for (const [has, wanted, message] of [
      [NO_DEPTHWISE_BN, STANDARD, /Conv2d_1_depthwise has no batch norm/],
      [STANDARD, NO_DEPTHWISE_BN, /Conv2d_1_depthwise has a batch norm/],
    ] as const) {
      const model = randomModel(has);
      assert.throws(() => readChain(model, { ...TINY, variant: wanted }), message);
      model.dispose();
    }
  });
});

describe('readWeight', () => {
  before(needsTensorFlow);

  it('names the weight that a model does not have', () => {
    const model = randomModel();
    for (const [layer, weight] of [
      ['nowhere', 'kernel'],
      ['Conv2d_0', 'bias'],
    ] as const) {
      assert.throws(() => readWeight(model, layer, weight), {
        name: 'RearchitectError',
        message: `Expected a layer ${layer} with a weight ${weight} in ${model.name} but there is none`,
      });
    }
    model.dispose();
  });
});

describe('equalizeModel', () => {
  before(needsTensorFlow);

  for (const variant of [FRIENDLY, RELU, NO_DEPTHWISE_BN]) {
    it(`keeps the function of ${variant.name}`, () => {
      const model = randomModel(variant);
      const before = logits(model);
      const { layers, skipped } = equalizeModel(model, { ...TINY, variant });
      assert.ok(relativeDifference(logits(model), before) < ROUNDING);
      assert.equal(layers.length, variant === NO_DEPTHWISE_BN ? 13 : 27);
      assert.equal(layers.length + skipped.length, 27);
      model.dispose();
    });
  }

  it('finds nothing to scale between the layers of a standard network', () => {
    const model = randomModel(STANDARD);
    const before = logits(model);
    assert.deepEqual(equalizeModel(model, { ...TINY, variant: STANDARD }).layers, []);
    assert.deepEqual(logits(model), before);
    model.dispose();
  });
});

describe('dropFirstOutputs', () => {
  before(needsTensorFlow);

  it('gives the other logits as they were', () => {
    const model = randomModel();
    const fewer = dropFirstOutputs(model, { ...TINY, variant: STANDARD }, 1);
    const expected = logits(model).filter((_, i) => i % TINY.classes > 0);
    assert.ok(relativeDifference(logits(fewer), expected) < 1e-6);
    model.dispose();
    fewer.dispose();
  });
});
