import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import type { FloatPoolNode } from '../../../architectures/graph/operations/pool2d.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import { chain, networkOf, someImages } from '../../quantize/convert/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';

const PADDING = { top: 1, bottom: 0, left: 0, right: 1 };

/** 2 × 2 windows over [2, 2, 1], padded by a row above and a column to the right. */
function poolOf(op: FloatPoolNode['op']): FloatGraph {
  return floatGraph({
    name: 'pool',
    input: { name: 'image', shape: [2, 2, 1] },
    nodes: [
      {
        op,
        name: op,
        inputs: ['image'],
        windowShape: [2, 2],
        strides: [1, 1],
        padding: PADDING,
      },
    ],
    outputs: [op],
  });
}

function logitsOf(graph: FloatGraph, images: number[]): number[] {
  const runner = new FloatRunner(graph);
  try {
    const [outputs] = runner.outputs(Float32Array.from(images), [1, ...graph.input.shape]);
    return [...outputs];
  } finally {
    runner.dispose();
  }
}

describe('FloatRunner', () => {
  before(needsTensorFlow);

  it('takes the maximum of the positions inside the image, though all are negative', () => {
    // windows of −1 −2 / −3 −4: {−1 −2} {−2} / {−1 −2 −3 −4} {−2 −4}
    assert.deepEqual(logitsOf(poolOf('maxPool2d'), [-1, -2, -3, -4]), [-1, -2, -1, -2]);
  });

  it('averages over the positions inside the image', () => {
    assert.deepEqual(logitsOf(poolOf('averagePool2d'), [-1, -2, -3, -4]), [-1.5, -2, -2.5, -3]);
  });

  it('gives the extremes of every tensor, the input included', () => {
    const runner = new FloatRunner(poolOf('maxPool2d'));
    assert.deepEqual(
      [...runner.ranges(Float32Array.of(-1, -2, -3, -4), [1, 2, 2, 1])],
      [
        ['image', { min: -4, max: -1 }],
        ['maxPool2d', { min: -2, max: -1 }],
      ],
    );
    runner.dispose();
  });

  it('hands out every tensor in execution order, the input first', () => {
    const runner = new FloatRunner(poolOf('maxPool2d'));
    const seen: [string, number[]][] = [];
    runner.layers(Float32Array.of(-1, -2, -3, -4), [1, 2, 2, 1], (name, values) =>
      seen.push([name, [...values]]),
    );
    assert.deepEqual(seen, [
      ['image', [-1, -2, -3, -4]],
      ['maxPool2d', [-1, -2, -1, -2]],
    ]);
    runner.dispose();
  });

  it('gives the logits of each image of a batch', () => {
    const l = tf.layers;
    const model = networkOf(
      [5, 5, 2],
      chain(l.conv2d({ filters: 3, kernelSize: 3 }), l.flatten(), l.dense({ units: 4 })),
    );
    const runner = new FloatRunner(fuseLayersModel(model, { zeroVariance: 'keep' }));
    const images = someImages(3, [5, 5, 2]);
    const [together] = runner.outputs(images, [3, 5, 5, 2]);
    for (const n of [0, 1, 2]) {
      const [alone] = runner.outputs(images.slice(n * 50, (n + 1) * 50), [1, 5, 5, 2]);
      for (const [index, value] of alone.entries()) {
        assert.ok(Math.abs(value - together[n * 4 + index]) < 1e-5);
      }
    }
    runner.dispose();
  });

  it('keeps no tensor of a run, also of one that fails, and frees its weights at the end', () => {
    const model = networkOf(
      [5, 5, 2],
      chain(
        tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu' }),
        tf.layers.maxPooling2d({ poolSize: 2, padding: 'same' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 4 }),
      ),
    );
    const before = tf.memory().numTensors;
    const runner = new FloatRunner(fuseLayersModel(model, { zeroVariance: 'keep' }));
    const held = tf.memory().numTensors;
    assert.equal(held - before, 4, 'a kernel and a bias of two layers');
    const images = someImages(2, [5, 5, 2]);
    for (let run = 0; run < 3; run++) {
      runner.outputs(images, [2, 5, 5, 2]);
      runner.ranges(images, [2, 5, 5, 2]);
      runner.layers(images, [2, 5, 5, 2], () => {});
    }
    assert.throws(() => runner.outputs(images.slice(1), [2, 5, 5, 2]));
    assert.equal(tf.memory().numTensors, held);
    runner.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it('refuses images of another shape, naming both', () => {
    const runner = new FloatRunner(poolOf('maxPool2d'));
    assert.throws(() => runner.outputs(new Float32Array(9), [1, 3, 3, 1]), {
      name: 'GraphError',
      message: 'Expected images of [2,2,1] for pool but received [3,3,1]',
    });
    runner.dispose();
  });
});
