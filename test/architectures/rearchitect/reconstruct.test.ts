import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { layersModelOf } from '../../../architectures/graph/layers_model_of.ts';
import { dropSoftmax } from '../../../architectures/graph/passes/drop_softmax.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { buildNetwork } from '../../../architectures/network.ts';
import { foldedGraph } from '../../../architectures/rearchitect/folded_graph.ts';
import { setGraphWeights } from '../../../architectures/rearchitect/graph_model.ts';
import type { InputBatch } from '../../../architectures/rearchitect/image_states.ts';
import { rebuiltGraph } from '../../../architectures/rearchitect/rebuilt_graph.ts';
import {
  passesOf,
  type Reconstruction,
  type ReconstructOptions,
  reconstruct,
} from '../../../architectures/rearchitect/reconstruct.ts';
import { separablePairs } from '../../../architectures/rearchitect/separable_pairs.ts';
import {
  FRIENDLY,
  NO_DEPTHWISE_BN,
  STANDARD,
  type Variant,
} from '../../../architectures/variants.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { buildShortMobileNetV1, randomizeWeights, setWeight, TINY, weightOf } from '../support.ts';
import { COMPILED, enliven, layerOf, relativeDifference } from './support.ts';

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
    model = alive(buildShortMobileNetV1({ ...TINY, variant: STANDARD }));
    options = optionsFor(FRIENDLY);
    reconstruction = await reconstruct(options);
  });

  after(() => model?.dispose());

  /** Gives a network made-up weights by which the images differ up to its end. */
  function alive(network: tf.LayersModel): tf.LayersModel {
    randomizeWeights(network);
    const some = tf.tensor4d(images, [IMAGES, ...SHAPE]);
    enliven(network, some);
    some.dispose();
    return network;
  }

  function optionsFor(variant: Variant, of = model): ReconstructOptions {
    const source = foldedGraph(dropSoftmax(readLayersModel(of)));
    return {
      source,
      pairs: separablePairs(source).pairs,
      unclipped: variant.activation === 'relu',
      images: { batches: () => batchesOf(images), images: IMAGES, imageShape: SHAPE },
      ...COMPILED,
    };
  }

  function logitsOf(graph: FloatGraph, inputs = imagesOf(8, IMAGES)): Float32Array {
    const runner = new FloatRunner(dropSoftmax(graph));
    const [logits] = runner.outputs(inputs, [8, ...SHAPE]);
    runner.dispose();
    return logits;
  }

  /** The original's folded weights with a variant's activations. */
  function folded({ activation, depthwiseActivation }: Variant): FloatGraph {
    const { source } = options;
    return floatGraph({
      ...source,
      nodes: source.nodes.map((node) => {
        if (node.op === 'depthwiseConv2d') return { ...node, activation: depthwiseActivation };
        return node.op === 'conv2d' && node.activation === 'relu6' ? { ...node, activation } : node;
      }),
    });
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
    const expected = logitsOf(options.source);
    const before = unexplained(logitsOf(folded(FRIENDLY)), expected);
    const after = unexplained(logitsOf(reconstruction.graph), expected);
    assert.ok(after < before / 2, `${before} to ${after}`);
  });

  it('tells of each pointwise layer how well it was fitted', () => {
    const { layers, images: read } = reconstruction;
    assert.equal(read, IMAGES);
    assert.deepEqual(
      layers.map(({ layer }) => layer),
      [1, 2, 12, 13].map((row) => `Conv2d_${row}_pointwise`),
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
    assert.ok(relativeDifference(logitsOf(kept.graph), logitsOf(notKept.graph)) < 1e-3);
  });

  it('comes nearer to what is behind the activations by passes that know them', async () => {
    const plain = await reconstruct({ ...options, activationPasses: 0 });
    const expected = logitsOf(options.source);
    const [without, with3] = [plain, reconstruction].map(({ graph }) =>
      unexplained(logitsOf(graph), expected),
    );
    assert.ok(with3 < without, `${without} to ${with3}`);
  });

  it('becomes a model of the same function, whose batch norms know their statistics', () => {
    const graph = rebuiltGraph(readLayersModel(model), options, reconstruction);
    const rebuilt = buildShortMobileNetV1({ ...TINY, variant: FRIENDLY });
    setGraphWeights(rebuilt, graph);
    const predicted = logitsOf(readLayersModel(rebuilt));
    assert.ok(relativeDifference(predicted, logitsOf(reconstruction.graph)) < 1e-4);
    // What the layer puts out on the images that it was fitted on.
    const layer = rebuilt.getLayer('Conv2d_2_pointwise');
    const [mean, variance] = tf.tidy(() => {
      const part = tf.model({ inputs: rebuilt.inputs, outputs: layer.output as tf.SymbolicTensor });
      const output = part.predict(tf.tensor4d(images, [IMAGES, ...SHAPE])) as tf.Tensor;
      const moments = tf.moments(output, [0, 1, 2]);
      return [moments.mean.dataSync(), moments.variance.dataSync()];
    });
    const known = (name: string) => weightOf(rebuilt, `Conv2d_2_pointwise/BatchNorm/${name}`);
    assert.ok(relativeDifference(known('moving_mean'), mean) < 1e-3);
    assert.ok(relativeDifference(known('moving_variance'), variance) < 1e-3);
    rebuilt.dispose();
  });

  it('rebuilds with ReLU6 after the pointwise layers too', async () => {
    const { graph } = await reconstruct(optionsFor(NO_DEPTHWISE_BN));
    assert.equal(layerOf(graph, 'Conv2d_1_pointwise').activation, 'relu6');
    const expected = logitsOf(options.source);
    const before = unexplained(logitsOf(folded(NO_DEPTHWISE_BN)), expected);
    const after = unexplained(logitsOf(graph), expected);
    assert.ok(after < before / 2, `${before} to ${after}`);
  });

  it('removes channels that the original’s batch norm saw constant', async () => {
    const dead = buildShortMobileNetV1({ ...TINY, variant: STANDARD });
    dead.setWeights(model.getWeights());
    setWeight(dead, 'Conv2d_2_depthwise/BatchNorm/moving_variance', [1, 0, 1, 1, 1, 1, 1, 1]);
    const { graph, layers } = await reconstruct({
      ...optionsFor(FRIENDLY, dead),
      activationPasses: 0,
    });
    assert.equal(layers[1].deadChannels, 1);
    const { kernel, bias } = layerOf(graph, 'Conv2d_2_depthwise');
    assert.ok(kernel.every((weight, i) => i % 8 !== 1 || weight === 0));
    assert.equal(bias[1], 0);
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
    const whole = alive(buildMobileNetV1({ ...TINY, variant: STANDARD }));
    const ofWhole = optionsFor(FRIENDLY, whole);
    const { layers } = await reconstruct({
      ...ofWhole,
      pairs: ofWhole.pairs.slice(9),
      activationPasses: 0,
      images: { ...options.images, images: 5, batches: () => batchesOf(few, SHAPE, 1) },
    });
    whole.dispose();
    // At 32 × 32 pixels the last two of the 13 layers have 1 × 1.
    assert.deepEqual(
      layers.map(({ unexplainedVariance }) => unexplainedVariance === null),
      [false, false, true, true],
    );
    for (const { unexplainedVariance } of layers.slice(0, 2)) {
      assert.ok(unexplainedVariance! < 1e3, `${unexplainedVariance}`);
    }
  });

  describe('of inverted residuals', () => {
    let inverted: tf.LayersModel;
    let whole: ReconstructOptions;

    before(() => {
      inverted = buildNetwork({
        network: 'mobilenet_v2',
        widthMultiplier: 0.35,
        resolution: 32,
        classes: TINY.classes,
      });
      alive(inverted);
      whole = { ...optionsFor(FRIENDLY, inverted), activationPasses: 1 };
    });

    after(() => inverted?.dispose());

    it('finds every depthwise layer, and what it reads', () => {
      const { pairs, source } = whole;
      assert.equal(pairs.length, 17);
      for (const { before, depthwise } of pairs.slice(1)) {
        assert.ok(before !== undefined, depthwise);
        assert.ok(layerOf(source, before).bias.length === layerOf(source, depthwise).bias.length);
      }
    });

    it('comes nearer to the original than folding does, and leaves the rest as it is', async () => {
      const pairs = whole.pairs.slice(9);
      const part = { ...whole, pairs };
      const reconstruction = await reconstruct(part);
      const expected = logitsOf(whole.source);
      const linear = new Set(pairs.map(({ depthwise }) => depthwise));
      const nodes = whole.source.nodes.map((node) =>
        linear.has(node.name)
          ? { ...layerOf(whole.source, node.name), activation: 'linear' as const }
          : node,
      );
      const before = unexplained(logitsOf(floatGraph({ ...whole.source, nodes })), expected);
      const after = unexplained(logitsOf(reconstruction.graph), expected);
      assert.ok(after < before / 2, `${before} to ${after}`);

      const read = readLayersModel(inverted);
      const rebuilt = rebuiltGraph(read, part, reconstruction);
      assert.ok(relativeDifference(logitsOf(rebuilt), logitsOf(reconstruction.graph)) < 1e-4);
      const names = read.nodes.slice(0, 20).map(({ name }) => name);
      assert.deepEqual(
        rebuilt.nodes.slice(0, 20).map(({ name }) => name),
        names,
      );
      const trained = layersModelOf(rebuilt);
      assert.ok(
        relativeDifference(logitsOf(readLayersModel(trained)), logitsOf(reconstruction.graph)) <
          1e-4,
      );
      trained.dispose();
    });

    it('does not depend on where activations are kept', async () => {
      const part = { ...whole, pairs: whole.pairs.slice(14) };
      const kept = await reconstruct(part);
      const notKept = await reconstruct({ ...part, budgetBytes: 0 });
      assert.ok(relativeDifference(logitsOf(kept.graph), logitsOf(notKept.graph)) < 1e-3);
    });

    it('leaves no tensor behind', async () => {
      const part = { ...whole, pairs: whole.pairs.slice(14) };
      const { numTensors } = tf.memory();
      await reconstruct(part);
      assert.equal(tf.memory().numTensors, numTensors);
    });
  });

  it('reports each pass', async () => {
    const seen: [string, number][] = [];
    await reconstruct({
      ...options,
      activationPasses: 1,
      onProgress: (layer, passes) => seen.push([layer, passes]),
    });
    assert.equal(seen.length, passesOf(options, 1));
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
      onProgress: (_, passes) => passes === 5 && abort.abort(new Error('enough')),
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
