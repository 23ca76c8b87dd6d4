import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { AS_PUBLISHED, PER_CHANNEL } from '../../../quantize/convert/recipe.ts';
import { QuantizedNetwork } from '../../../training/quantized/quantized_network.ts';
import { chain, networkOf } from '../../quantize/convert/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { randomGraph } from './random_graphs.ts';
import { assertExact, FAMILIES, LEARNED, startOfGraph, startOfModel } from './support.ts';

describe('the bytes of a quantized network that is trained', () => {
  before(needsTensorFlow);

  for (const [title, layers] of Object.entries(FAMILIES)) {
    it(`are the executor's in every layer of a small ${title}, at the start and after changes, eager and compiled`, async () => {
      const model = networkOf([12, 12, 3], layers);
      try {
        assertExact(await startOfModel(model));
      } finally {
        model.dispose();
      }
    });
  }

  it("are the executor's where the statistics of batch norms follow the network", async () => {
    const model = networkOf([12, 12, 3], FAMILIES.MobileNetV2);
    try {
      const start = await startOfModel(model);
      assertExact(start, undefined, { ...LEARNED, batchNorms: 're-estimated' });
    } finally {
      model.dispose();
    }
  });

  // Dilations, groups, transposed convolutions, slopes, sizes and slices, each first once.
  for (let seed = 0; seed < 6; seed++) {
    it(`are the executor's of random layers (${seed})`, async () => {
      const softmax = seed % 2 === 1;
      assertExact(await startOfGraph(randomGraph(seed, 4, softmax), undefined, softmax));
    });
  }

  it("are the executor's of concatenations, pools at borders and differences", async () => {
    const model = networkOf([9, 9, 3], (x) => {
      const conv = tf.layers.conv2d({ filters: 6, kernelSize: 3, strides: 2, padding: 'same' });
      const first = conv.apply(x) as tf.SymbolicTensor;
      const relu = tf.layers.reLU({ maxValue: 4 }).apply(first) as tf.SymbolicTensor;
      const average = tf.layers
        .averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' })
        .apply(first) as tf.SymbolicTensor;
      const largest = tf.layers
        .maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' })
        .apply(relu) as tf.SymbolicTensor;
      const greater = tf.layers.maximum().apply([average, largest]) as tf.SymbolicTensor;
      const product = tf.layers.multiply().apply([greater, first]) as tf.SymbolicTensor;
      const together = tf.layers.concatenate().apply([average, largest, product]);
      const dense = tf.layers.dense({ units: 4 });
      return chain(
        tf.layers.activation({ activation: 'tanh' }),
        tf.layers.flatten(),
        dense,
      )(together as tf.SymbolicTensor);
    });
    try {
      assertExact(await startOfModel(model));
    } finally {
      model.dispose();
    }
  });

  it('are exact where sums pass 2²⁴, in two halves', async () => {
    const model = networkOf(
      [8, 8, 32],
      chain(
        tf.layers.conv2d({ filters: 8, kernelSize: 5, activation: 'relu' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 4 }),
      ),
    );
    // Weights and images at the ends of their ranges: |sum| is up to 800 · 128 · 255 > 2²⁴.
    tf.tidy(() => {
      const [kernel] = model.weights;
      kernel.write(kernel.read().sign().mul(0.5));
    });
    try {
      const start = await startOfModel(model, AS_PUBLISHED);
      const network = new QuantizedNetwork(start.graph, start.model, LEARNED);
      assert.deepEqual(network.splitLayers, [start.graph.nodes[0].name]);
      network.dispose();
      assertExact(start);
    } finally {
      model.dispose();
    }
  });

  it('refuses what it has no gradients of, naming the layer', async () => {
    const small = networkOf([12, 12, 3], FAMILIES.MobileNetV1);
    const { graph, model } = await startOfModel(small, PER_CHANNEL);
    small.dispose();
    assert.throws(() => new QuantizedNetwork(graph, model, LEARNED), {
      message: /^Expected one range for all weights of a layer but \S+ has one a channel$/,
    });
    const mean = { op: 'mean', name: 'a mean', inputs: ['image'], axes: [1] } as const;
    const other = { ...graph, nodes: [mean, ...graph.nodes] };
    assert.throws(() => new QuantizedNetwork(other, model, LEARNED), {
      message: 'Expected layers that can be trained quantization-aware but a mean is a mean',
    });
  });
});
