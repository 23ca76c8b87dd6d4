import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import {
  centredGraph,
  measureDepthwiseMeans,
} from '../../../architectures/rearchitect/centre_depthwise.ts';
import { setGraphWeights } from '../../../architectures/rearchitect/graph_model.ts';
import { FRIENDLY, NO_DEPTHWISE_BN, STANDARD } from '../../../architectures/variants.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { randomizeWeights, someInput, TINY } from '../support.ts';
import {
  COMPILED,
  enliven,
  layerOf,
  logitsOf,
  numbers,
  randomImage,
  randomNetwork,
  relativeDifference,
  SEEDS,
} from './support.ts';

const SHAPE = { activation: 'relu', depthwiseActivation: 'linear', pairs: 3 } as const;

describe('centredGraph', () => {
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
      const before = logits();
      const graph = readLayersModel(model);
      const means = await measureDepthwiseMeans(graph, batches(), COMPILED.compile);
      assert.equal(means.size, 13);
      assert.ok(Math.max(...means.get('Conv2d_3_depthwise')!.map(Math.abs)) > 0.01);
      const centred = centredGraph(graph, means);
      setGraphWeights(model, centred);
      assert.ok(relativeDifference(logits(), before) < 1e-4);

      const left = await measureDepthwiseMeans(centred, batches(), COMPILED.compile);
      for (const [name, mean] of left) {
        const scale = Math.max(...means.get(name)!.map(Math.abs));
        assert.ok(Math.max(...mean.map(Math.abs)) <= 1e-3 * scale, name);
      }
      model.dispose();
    });
  }

  for (const isInverted of [false, true]) {
    it(`keeps the function of ${isInverted ? 'inverted residuals' : 'a chain'} whatever the means`, () => {
      fc.assert(
        fc.property(SEEDS, (seed) => {
          const graph = randomNetwork(seed, { ...SHAPE, isInverted });
          const next = numbers(seed);
          const means = new Map(
            ['dw0', 'dw1', 'dw2'].map((name) => {
              const { bias } = layerOf(graph, name);
              return [name, Float64Array.from(bias, (value) => value * next())];
            }),
          );
          const centred = centredGraph(graph, means);
          const image = randomImage(seed);
          assert.ok(relativeDifference(logitsOf(centred, image), logitsOf(graph, image)) < 1e-4);
          for (const [name, mean] of means) {
            const moved = layerOf(graph, name).bias.map((value, c) => value - mean[c]);
            assert.deepEqual(layerOf(centred, name).bias, moved);
          }
        }),
        { numRuns: 20 },
      );
    });
  }

  it('leaves depthwise layers alone that have an activation, which would come between', async () => {
    const model = buildMobileNetV1({ ...TINY, variant: STANDARD });
    const graph = readLayersModel(model);
    const means = await measureDepthwiseMeans(graph, batches(), COMPILED.compile);
    assert.equal(means.size, 0);
    assert.deepEqual(
      centredGraph(graph, new Map([['Conv2d_1_depthwise', new Float64Array(8)]])),
      graph,
    );
    model.dispose();
  });

  it('takes means over all images, however they come in batches', async () => {
    const model = buildMobileNetV1({ ...TINY, variant: FRIENDLY });
    randomizeWeights(model);
    const graph = readLayersModel(model);
    const { numTensors } = tf.memory();
    const seen: number[] = [];
    const means = await measureDepthwiseMeans(graph, batches(), COMPILED.compile, (images) =>
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
    async function* none() {}
    const graph = randomNetwork(1, SHAPE);
    await assert.rejects(measureDepthwiseMeans(graph, none(), COMPILED.compile), {
      name: 'RearchitectError',
      message: /at least one image to take means over but received none/,
    });
  });
});
