import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { FloatNodes } from '../../../architectures/graph/float_nodes.ts';
import { selectBackend } from '../../../training/backend.ts';
import { healthyGraph, IMAGES, inDouble, PHOTOGRAPHS } from '../../quantize/analyze/support.ts';

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
});
