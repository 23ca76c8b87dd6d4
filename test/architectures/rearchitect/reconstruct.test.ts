import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { runChain, weightTensors } from '../../../architectures/rearchitect/forward.ts';
import type { InputBatch } from '../../../architectures/rearchitect/image_states.ts';
import { readChain } from '../../../architectures/rearchitect/read_chain.ts';
import { rebuiltModel } from '../../../architectures/rearchitect/rebuilt_model.ts';
import {
  passesOf,
  type Reconstruction,
  type ReconstructOptions,
  reconstruct,
} from '../../../architectures/rearchitect/reconstruct.ts';
import {
  FRIENDLY,
  NO_DEPTHWISE_BN,
  STANDARD,
  type Variant,
} from '../../../architectures/variants.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { randomizeWeights, setWeight, TINY, weightOf } from '../support.ts';
import { COMPILED, enliven, relativeDifference } from './support.ts';

const IMAGES = 60;
const BATCH = 6;
const SHAPE = [TINY.resolution, TINY.resolution, 3] as const;

/** Smooth patterns: noise would be the same to a network everywhere. */
function imagesOf(count: number, first = 0): Float32Array {
  const [height, width] = SHAPE;
  return Float32Array.from({ length: count * height * width * 3 }, (_, i) => {
    const [image, row, column] = [
      first + Math.floor(i / (3 * height * width)),
      Math.floor(i / (3 * width)) % height,
      Math.floor(i / 3) % width,
    ];
    const phase = image * 2.4 + (i % 3) * image;
    return Math.sin(0.3 * row * Math.cos(phase) + 0.3 * column * Math.sin(phase) + phase);
  });
}

async function* batchesOf(
  images: Float32Array,
  shape = SHAPE,
  batchSize = BATCH,
): AsyncGenerator<InputBatch> {
  const size = shape[0] * shape[1] * shape[2];
  for (let i = 0; i < images.length; i += batchSize * size) {
    const part = images.slice(i, i + batchSize * size);
    yield { images: part, shape: [part.length / size, ...shape] };
  }
}

describe('reconstruct', () => {
  let model: tf.LayersModel;
  let options: ReconstructOptions;
  let reconstruction: Reconstruction;
  const images = imagesOf(IMAGES);

  before(async function () {
    await needsTensorFlow.call(this);
    model = buildMobileNetV1({ ...TINY, variant: STANDARD });
    randomizeWeights(model);
    const some = tf.tensor4d(images, [IMAGES, ...SHAPE]);
    enliven(model, some);
    some.dispose();
    options = optionsFor(FRIENDLY);
    reconstruction = await reconstruct(options);
  });

  after(() => model?.dispose());

  function optionsFor(variant: Variant): ReconstructOptions {
    return {
      source: readChain(model, { ...TINY, variant: STANDARD }),
      variant,
      images: { batches: () => batchesOf(images), images: IMAGES, imageShape: SHAPE },
      ...COMPILED,
    };
  }

  function logitsOf(chain: Reconstruction['chain'], inputs = imagesOf(8, IMAGES)): Float32Array {
    const weights = weightTensors('x', chain);
    const values = tf.tidy(() =>
      runChain(chain, tf.tensor4d(inputs, [8, ...SHAPE]), 'x', weights).dataSync<'float32'>(),
    );
    tf.dispose(weights);
    return values;
  }

  /** The original's folded weights with a variant's activations. */
  function folded({ activation, depthwiseActivation }: Variant): Reconstruction['chain'] {
    const activations = { depthwise: depthwiseActivation, logits: 'linear' } as const;
    return options.source.chain.map((layer) => ({
      ...layer,
      activation: activations[layer.kind as keyof typeof activations] ?? activation,
    }));
  }

  /** Σ(a − b)² / Σ(b − mean)² */
  function unexplained(a: Float32Array, b: Float32Array): number {
    const classes = TINY.classes;
    const means = Array.from({ length: classes }, (_, c) => {
      const column = b.filter((_, i) => i % classes === c);
      return column.reduce((sum, v) => sum + v, 0) / column.length;
    });
    let [left, all] = [0, 0];
    b.forEach((value, i) => {
      left += (a[i] - value) ** 2;
      all += (value - means[i % classes]) ** 2;
    });
    return left / all;
  }

  it('comes nearer to the original on other images than folding does', () => {
    const expected = logitsOf(options.source.chain);
    const before = unexplained(logitsOf(folded(FRIENDLY)), expected);
    const after = unexplained(logitsOf(reconstruction.chain), expected);
    assert.ok(after < before / 2, `${before} to ${after}`);
  });

  it('tells of each pointwise layer how well it was fitted', () => {
    const { layers, images: read } = reconstruction;
    assert.equal(read, IMAGES);
    assert.deepEqual(
      layers.map(({ layer }) => layer),
      Array.from({ length: 13 }, (_, i) => `Conv2d_${i + 1}_pointwise`),
    );
    for (const { layer, unexplainedVariance, lambda, positions, features } of layers) {
      assert.ok(unexplainedVariance! >= 0 && unexplainedVariance! < 1.5, layer);
      assert.ok(lambda > 0);
      assert.ok(features >= 8);
      assert.equal(positions % IMAGES, 0);
    }
    assert.equal(layers[0].positions, IMAGES * 16 * 16);
  });

  it('does not depend on where activations are kept', async () => {
    const plain = { ...options, activationPasses: 0 };
    const kept = await reconstruct(plain);
    const notKept = await reconstruct({ ...plain, budgetBytes: 0 });
    assert.ok(relativeDifference(logitsOf(kept.chain), logitsOf(notKept.chain)) < 1e-3);
  });

  it('comes nearer to what is behind the activations by passes that know them', async () => {
    const plain = await reconstruct({ ...options, activationPasses: 0 });
    const expected = logitsOf(options.source.chain);
    const [without, with3] = [plain, reconstruction].map(({ chain }) =>
      unexplained(logitsOf(chain), expected),
    );
    assert.ok(with3 < without, `${without} to ${with3}`);
  });

  it('becomes a model of the same function, whose batch norms know their statistics', () => {
    const config = { ...TINY, variant: FRIENDLY };
    const rebuilt = rebuiltModel(model, reconstruction, config);
    const inputs = imagesOf(8, IMAGES);
    const predicted = tf.tidy(() =>
      (logitsModel(rebuilt).predict(tf.tensor4d(inputs, [8, ...SHAPE])) as tf.Tensor).dataSync(),
    );
    assert.ok(relativeDifference(predicted, logitsOf(reconstruction.chain)) < 1e-4);
    // What the layer puts out on the images that it was fitted on.
    const layer = rebuilt.getLayer('Conv2d_3_pointwise');
    const [mean, variance] = tf.tidy(() => {
      const part = tf.model({ inputs: rebuilt.inputs, outputs: layer.output as tf.SymbolicTensor });
      const output = part.predict(tf.tensor4d(images, [IMAGES, ...SHAPE])) as tf.Tensor;
      const moments = tf.moments(output, [0, 1, 2]);
      return [moments.mean.dataSync(), moments.variance.dataSync()];
    });
    const known = (name: string) => weightOf(rebuilt, `Conv2d_3_pointwise/BatchNorm/${name}`);
    assert.ok(relativeDifference(known('moving_mean'), mean) < 1e-3);
    assert.ok(relativeDifference(known('moving_variance'), variance) < 1e-3);
    rebuilt.dispose();
  });

  it('rebuilds with ReLU6 after the pointwise layers too', async () => {
    const { chain } = await reconstruct(optionsFor(NO_DEPTHWISE_BN));
    assert.equal(chain[2].activation, 'relu6');
    const expected = logitsOf(options.source.chain);
    const before = unexplained(logitsOf(folded(NO_DEPTHWISE_BN)), expected);
    const after = unexplained(logitsOf(chain), expected);
    assert.ok(after < before / 2, `${before} to ${after}`);
  });

  it('removes channels that the original’s batch norm saw constant', async () => {
    const dead = buildMobileNetV1({ ...TINY, variant: STANDARD });
    dead.setWeights(model.getWeights());
    setWeight(dead, 'Conv2d_2_depthwise/BatchNorm/moving_variance', [1, 0, 1, 1, 1, 1, 1, 1]);
    const source = readChain(dead, { ...TINY, variant: STANDARD });
    const { chain, layers } = await reconstruct({ ...options, source, activationPasses: 0 });
    assert.equal(layers[1].deadChannels, 1);
    const depthwise = chain[3];
    assert.ok(depthwise.kernel.every((weight, i) => i % 8 !== 1 || weight === 0));
    assert.equal(depthwise.bias[1], 0);
    dead.dispose();
  });

  it('has no figure of held-out images where there are too few', async () => {
    const few = images.slice(0, 3 * SHAPE[0] * SHAPE[1] * SHAPE[2]);
    const { layers, images: read } = await reconstruct({
      ...options,
      activationPasses: 0,
      images: { ...options.images, images: 3, batches: () => batchesOf(few) },
    });
    assert.equal(read, 3);
    assert.ok(layers.every(({ unexplainedVariance }) => unexplainedVariance === null));
  });

  it('has no figure of layers whose held-out images leave a single position', async () => {
    const few = images.slice(0, 5 * SHAPE[0] * SHAPE[1] * SHAPE[2]);
    const { layers } = await reconstruct({
      ...options,
      activationPasses: 0,
      images: { ...options.images, images: 5, batches: () => batchesOf(few, SHAPE, 1) },
    });
    // At 32 × 32 pixels the last two layers have 1 × 1.
    assert.deepEqual(
      layers.map(({ unexplainedVariance }) => unexplainedVariance === null),
      layers.map((_, index) => index >= 11),
    );
    for (const { unexplainedVariance } of layers.slice(0, 11)) {
      assert.ok(unexplainedVariance! < 1e3, `${unexplainedVariance}`);
    }
  });

  it('reports each pass', async () => {
    const seen: [string, number][] = [];
    await reconstruct({
      ...options,
      activationPasses: 1,
      onProgress: (layer, passes) => seen.push([layer, passes]),
    });
    assert.equal(seen.length, passesOf(options.source.chain, 1));
    assert.deepEqual(seen[0], ['Conv2d_1_pointwise', 1]);
    assert.deepEqual(seen.at(-1), ['Conv2d_13_pointwise', seen.length]);
  });

  it('leaves no tensor behind, also where it fails', async () => {
    const plain = { ...options, activationPasses: 1 };
    const { numTensors } = tf.memory();
    await reconstruct(plain);
    assert.equal(tf.memory().numTensors, numTensors);
    const abort = new AbortController();
    const failing = reconstruct({
      ...plain,
      signal: abort.signal,
      onProgress: (_, passes) => passes === 9 && abort.abort(new Error('enough')),
    });
    await assert.rejects(failing, /enough/);
    assert.equal(tf.memory().numTensors, numTensors);
  });

  it('refuses to fit on no image', async () => {
    const none = { ...options.images, batches: () => batchesOf(new Float32Array()) };
    await assert.rejects(reconstruct({ ...options, images: none }), {
      name: 'RearchitectError',
      message: /at least one image to fit on but received none/,
    });
  });

  it('refuses images of another size', async () => {
    const wrong = { ...options.images, batches: () => batchesOf(images, [16, 16, 3]) };
    await assert.rejects(
      reconstruct({ ...options, images: wrong }),
      /Expected images of \[32,32,3\] to fit on but received \[16,16,3\]/,
    );
  });

  it('refuses activations that are not finite', async () => {
    const broken = images.slice();
    broken[5] = Number.NaN;
    const source = { ...options.images, batches: () => batchesOf(broken) };
    const { numTensors } = tf.memory();
    await assert.rejects(
      reconstruct({ ...options, images: source }),
      /Expected finite activations but the sums over \d+ positions \(\w+\) are not/,
    );
    assert.equal(tf.memory().numTensors, numTensors);
  });
});
