import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { FloatNode } from '../../../architectures/graph/float_node.ts';
import { FloatNodes } from '../../../architectures/graph/float_nodes.ts';
import { selectBackend } from '../../../training/backend.ts';
import {
  healthyGraph,
  IMAGES,
  inDouble,
  PHOTOGRAPHS,
  someNumbers,
} from '../../quantize/analyze/support.ts';

describe('FloatNodes', () => {
  before(async () => {
    await selectBackend();
  });

  it('runs single nodes, which agree with double precision to single precision', () => {
    const nodes = new FloatNodes();
    let input = { values: PHOTOGRAPHS, shape: healthyGraph().input.shape };
    for (const node of healthyGraph().nodes) {
      const received = nodes.run(node, [input], IMAGES);
      const expected = inDouble(node, input, IMAGES);
      assert.equal(received.length, expected.length);
      received.forEach((value, i) => {
        assert.ok(Math.abs(value - expected[i]) < 1e-4, `${node.name}: ${value}, ${expected[i]}`);
      });
      input = { values: received, shape: healthyGraph().shapes.get(node.name)! };
    }
    nodes.dispose();
  });

  it('holds one tensor for each array of weights, and none after dispose', () => {
    const before = tf.memory().numTensors;
    const nodes = new FloatNodes();
    const [conv] = healthyGraph().nodes;
    const input = { values: PHOTOGRAPHS, shape: healthyGraph().input.shape };
    nodes.run(conv, [input], IMAGES);
    nodes.run({ ...conv, name: 'a variant' }, [input], IMAGES);
    assert.equal(tf.memory().numTensors, before + 2);
    nodes.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it('spreads the taps of a depthwise convolution, beside strides too', () => {
    const values = (size: number) => someNumbers(size, 1).map((value) => Math.round(8 * value));
    for (const strides of [
      [1, 1],
      [2, 3],
    ] as const) {
      for (const dilations of [
        [2, 3],
        [1, 2],
        [4, 1],
      ] as const) {
        const node: FloatNode = {
          op: 'depthwiseConv2d',
          name: 'dilated',
          inputs: ['image'],
          kernelShape: [3, 2, 2, 2],
          kernel: values(24),
          bias: values(4),
          strides,
          dilations,
          padding: { top: 1, bottom: 2, left: 0, right: 3 },
          activation: 'linear',
        };
        const image = { values: values(11 * 9 * 2), shape: [11, 9, 2] };
        const nodes = new FloatNodes();
        const received = nodes.run(node, [image], 1);
        nodes.dispose();
        assert.deepEqual([...received], [...inDouble(node, image, 1)], `${strides}, ${dilations}`);
      }
    }
  });
});
