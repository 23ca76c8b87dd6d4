import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { dropSoftmax } from '../../../architectures/graph/passes/drop_softmax.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { buildNetwork } from '../../../architectures/network.ts';
import { dropFirstOutputs } from '../../../architectures/rearchitect/drop_outputs.ts';
import { foldedGraph } from '../../../architectures/rearchitect/folded_graph.ts';
import { setGraphWeights } from '../../../architectures/rearchitect/graph_model.ts';
import { equalizeGraph } from '../../../architectures/rearchitect/scale_graph.ts';
import { separablePairs } from '../../../architectures/rearchitect/separable_pairs.ts';
import {
  FRIENDLY,
  NO_DEPTHWISE_BN,
  RELU,
  STANDARD,
  VARIANTS,
} from '../../../architectures/variants.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { randomizeWeights, someInput, TINY } from '../support.ts';
import { randomNetwork, relativeDifference } from './support.ts';

function randomModel(variant = STANDARD): tf.LayersModel {
  const model = buildMobileNetV1({ ...TINY, variant });
  randomizeWeights(model);
  return model;
}

function graphOf(variant = STANDARD): FloatGraph {
  const model = randomModel(variant);
  const graph = readLayersModel(model);
  model.dispose();
  return graph;
}

function logits(graph: FloatGraph): Float32Array {
  const runner = new FloatRunner(dropSoftmax(graph));
  const images = tf.tidy(() => someInput(2).dataSync<'float32'>().slice());
  const [values] = runner.outputs(images, [2, TINY.resolution, TINY.resolution, 3]);
  runner.dispose();
  return values;
}

/** Differences that single precision makes over 28 layers. */
const ROUNDING = 1e-4;

describe('foldedGraph', () => {
  before(needsTensorFlow);

  it('folds the batch norms of every variant without changing its function', () => {
    for (const variant of VARIANTS) {
      const graph = graphOf(variant);
      const folded = foldedGraph(graph);
      assert.ok(folded.nodes.every(({ op }) => op !== 'batchNorm' && op !== 'activation'));
      assert.ok(relativeDifference(logits(folded), logits(graph)) < ROUNDING, variant.name);
    }
  });
});

describe('separablePairs', () => {
  before(needsTensorFlow);

  it('finds the pairs of a standard MobileNetV1', () => {
    const { pairs, leftAlone } = separablePairs(foldedGraph(graphOf()));
    assert.deepEqual(leftAlone, []);
    assert.deepEqual(pairs[1], {
      depthwise: 'Conv2d_2_depthwise',
      pointwise: 'Conv2d_2_pointwise',
      before: 'Conv2d_1_pointwise',
    });
    assert.equal(pairs.length, 13);
  });

  it('says of each depthwise layer of a friendly one that it is linear already', () => {
    const { pairs, leftAlone } = separablePairs(foldedGraph(graphOf(FRIENDLY)));
    assert.deepEqual(pairs, []);
    assert.deepEqual(leftAlone[0], {
      layer: 'Conv2d_1_depthwise',
      reason: 'it is linear already',
    });
    assert.equal(leftAlone.length, 13);
  });

  it('leaves alone what squeeze-and-excite reads, and takes the hard swish away elsewhere', () => {
    const model = buildNetwork({
      network: 'mobilenet_v3_small',
      widthMultiplier: 0.35,
      resolution: 32,
      classes: 5,
    });
    const { pairs, leftAlone } = separablePairs(foldedGraph(readLayersModel(model)));
    model.dispose();
    // Of the eleven blocks, two have none (arXiv 1905.02244, table 2).
    assert.equal(pairs.length, 2);
    assert.deepEqual(
      [...new Set(leftAlone.map(({ reason }) => reason))],
      ['a squeeze-and-excite stands between it and the pointwise layer'],
    );
    assert.equal(leftAlone.length, 9);
  });
});

describe('setGraphWeights', () => {
  before(needsTensorFlow);

  it('names the first layer that the graph has no weights for, and changes nothing', () => {
    const model = randomModel(FRIENDLY);
    const before = logits(readLayersModel(model));
    assert.throws(
      () =>
        setGraphWeights(
          model,
          randomNetwork(1, { activation: 'relu', depthwiseActivation: 'linear', pairs: 1 }),
        ),
      {
        name: 'InvalidValueError',
        message: /Expected Conv2d_0\/kernel of \[3,3,3,8\] in random but it has none/,
      },
    );
    assert.deepEqual(logits(readLayersModel(model)), before);
    model.dispose();
  });
});

describe('equalizeGraph', () => {
  before(needsTensorFlow);

  for (const variant of [FRIENDLY, RELU, NO_DEPTHWISE_BN]) {
    it(`keeps the function of ${variant.name}`, () => {
      const model = randomModel(variant);
      const graph = readLayersModel(model);
      const { layers, skipped, graph: equalized } = equalizeGraph(graph);
      setGraphWeights(model, equalized);
      assert.ok(relativeDifference(logits(readLayersModel(model)), logits(graph)) < ROUNDING);
      assert.equal(layers.length, variant === NO_DEPTHWISE_BN ? 13 : 27);
      assert.equal(layers.length + skipped.length, 27);
      model.dispose();
    });
  }

  it('finds nothing to scale between the layers of a standard network', () => {
    const graph = graphOf(STANDARD);
    const { layers, graph: equalized } = equalizeGraph(graph);
    assert.deepEqual(layers, []);
    assert.equal(equalized, graph);
  });
});

describe('dropFirstOutputs', () => {
  before(needsTensorFlow);

  it('gives the other logits as they were', () => {
    const graph = graphOf();
    const fewer = dropFirstOutputs(graph, 1);
    const expected = logits(graph).filter((_, i) => i % TINY.classes > 0);
    assert.ok(relativeDifference(logits(fewer), expected) < 1e-6);
  });

  it('refuses a network that does not end in a layer of classes', () => {
    const graph = graphOf();
    const early = { ...graph, outputs: ['Conv2d_3_pointwise/Relu6'] };
    const averaged = { ...early, outputs: [graph.nodes.find(({ op }) => /pool/i.test(op))!.name] };
    assert.throws(() => dropFirstOutputs(averaged, 1), {
      name: 'RearchitectError',
      message: /to end in a layer of classes, to leave out the first 1 of them/,
    });
  });
});
