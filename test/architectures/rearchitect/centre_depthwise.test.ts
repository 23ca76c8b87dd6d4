import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import {
  centreModel,
  measureDepthwiseMeans,
} from '../../../architectures/rearchitect/centre_depthwise.ts';
import { readChain } from '../../../architectures/rearchitect/read_chain.ts';
import { FRIENDLY, NO_DEPTHWISE_BN } from '../../../architectures/variants.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { randomizeWeights, someInput, TINY } from '../support.ts';
import { COMPILED, enliven, numbers, randomChain, relativeDifference, SEEDS } from './support.ts';

const SHAPE = { activation: 'relu', depthwiseActivation: 'linear', pairs: 3 } as const;

describe('centreModel', () => {
  before(needsTensorFlow);

  async function* batches() {
    for (const count of [5, 3]) {
      const images = tf.tidy(() => someInput(count).dataSync<'float32'>().slice());
      yield { images, shape: [count, TINY.resolution, TINY.resolution, 3] as const };
    }
  }

  for (const variant of [FRIENDLY, NO_DEPTHWISE_BN]) {
    it(`takes the means from ${variant.name} without changing its function`, async () => {
      const model = buildMobileNetV1({ ...TINY, variant });
      randomizeWeights(model);
      const images = someInput(8);
      enliven(model, images);
      images.dispose();
      const logits = () =>
        tf.tidy(() =>
          (logitsModel(model).predict(someInput(4)) as tf.Tensor).dataSync<'float32'>(),
        );
      const config = { ...TINY, variant };
      const before = logits();
      const { chain } = readChain(model, config);
      const means = await measureDepthwiseMeans(chain, batches(), COMPILED.compile);
      assert.equal(means.size, 13);
      assert.ok(Math.max(...means.get('Conv2d_3_depthwise')!.map(Math.abs)) > 0.01);
      centreModel(model, chain, means);
      assert.ok(relativeDifference(logits(), before) < 1e-4);

      const centred = readChain(model, config).chain;
      const left = await measureDepthwiseMeans(centred, batches(), COMPILED.compile);
      for (const [name, mean] of left) {
        const scale = Math.max(...means.get(name)!.map(Math.abs));
        assert.ok(Math.max(...mean.map(Math.abs)) <= 1e-3 * scale, name);
      }
      model.dispose();
    });
  }

  it('keeps the function whatever the means', () => {
    const config = { ...TINY, variant: FRIENDLY };
    const model = buildMobileNetV1(config);
    const images = someInput(8);
    const logits = () =>
      tf.tidy(() => (logitsModel(model).predict(images) as tf.Tensor).dataSync<'float32'>());
    fc.assert(
      fc.property(SEEDS, (seed) => {
        randomizeWeights(model);
        enliven(model, images);
        const { chain } = readChain(model, config);
        const next = numbers(seed);
        const means = new Map(
          chain
            .filter(({ kind }) => kind === 'depthwise')
            .map(({ name, bias }) => [name, bias.map(() => 10 * next())]),
        );
        const before = logits();
        centreModel(model, chain, means);
        assert.ok(relativeDifference(logits(), before) < 1e-3);

        const centred = readChain(model, config).chain;
        for (const [index, { kind, name, bias }] of chain.entries()) {
          if (kind !== 'depthwise') continue;
          const mean = means.get(name)!;
          const moved = bias.map((value, c) => value - mean[c]);
          assert.ok(relativeDifference(centred[index].bias, moved) < 1e-6, name);
          // What the pointwise layer takes of the means it gives back: b + Wᵀμ.
          const pointwise = chain[index + 1];
          const returned = pointwise.bias.map((value, m) =>
            mean.reduce(
              (sum, mu, c) => sum + mu * pointwise.kernel[c * pointwise.bias.length + m],
              value,
            ),
          );
          assert.ok(relativeDifference(centred[index + 1].bias, returned) < 1e-4, pointwise.name);
        }
      }),
      { numRuns: 5 },
    );
    images.dispose();
    model.dispose();
  });

  it('refuses a depthwise layer with an activation, which would come between', () => {
    const chain = randomChain(1, { ...SHAPE, depthwiseActivation: 'relu6' });
    const model = buildMobileNetV1({ ...TINY, variant: FRIENDLY });
    assert.throws(() => centreModel(model, chain, new Map()), {
      name: 'RearchitectError',
      message: /Expected a linear dw0 to centre its outputs but there is relu6 after it/,
      remedy: /linear depthwise layers/,
    });
    model.dispose();
  });

  it('takes means over all images, however they come in batches', async () => {
    const model = buildMobileNetV1({ ...TINY, variant: FRIENDLY });
    randomizeWeights(model);
    const { chain } = readChain(model, { ...TINY, variant: FRIENDLY });
    const { numTensors } = tf.memory();
    const seen: number[] = [];
    const means = await measureDepthwiseMeans(chain, batches(), COMPILED.compile, (images) =>
      seen.push(images),
    );
    const expected = tf.tidy(() => {
      const part = tf.model({
        inputs: model.inputs,
        outputs: model.getLayer('Conv2d_1_depthwise').output as tf.SymbolicTensor,
      });
      const input = tf.concat([someInput(5), someInput(3)]);
      return (part.predict(input) as tf.Tensor).mean([0, 1, 2]).dataSync();
    });
    assert.ok(relativeDifference(means.get('Conv2d_1_depthwise')!, expected) < 1e-5);
    assert.deepEqual(seen, [5, 8]);
    assert.equal(tf.memory().numTensors, numTensors);
    model.dispose();
  });

  it('refuses to take means over no image', async () => {
    const chain = randomChain(1, SHAPE);
    async function* none() {}
    await assert.rejects(measureDepthwiseMeans(chain, none(), COMPILED.compile), {
      name: 'RearchitectError',
      message: /at least one image to take means over but received none/,
    });
  });
});
