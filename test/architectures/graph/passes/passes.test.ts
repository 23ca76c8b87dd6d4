import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../../../architectures/graph/float_graph.ts';
import { isWeightedFloat } from '../../../../architectures/graph/float_node.ts';
import { FloatRunner } from '../../../../architectures/graph/float_runner.ts';
import { absorbPadding } from '../../../../architectures/graph/passes/absorb_padding.ts';
import { dropIdentities } from '../../../../architectures/graph/passes/drop_identities.ts';
import { dropReshapes } from '../../../../architectures/graph/passes/drop_reshapes.ts';
import { dropSoftmax } from '../../../../architectures/graph/passes/drop_softmax.ts';
import { foldBatchNorms } from '../../../../architectures/graph/passes/fold_batch_norms.ts';
import { foldBatchNormsForward } from '../../../../architectures/graph/passes/fold_batch_norms_forward.ts';
import { fuseActivations } from '../../../../architectures/graph/passes/fuse_activations.ts';
import { replaceZeroVariance } from '../../../../architectures/graph/passes/replace_zero_variance.ts';
import { vectorsAsImages } from '../../../../architectures/graph/passes/vectors_as_images.ts';
import { readLayersModel } from '../../../../architectures/graph/read_layers_model.ts';
import { chain, type Layers, networkOf, someImages } from '../../../quantize/convert/support.ts';
import { disposeModels } from '../../../support/dispose_models.ts';
import { needsTensorFlow } from '../../../support/needs_tensorflow.ts';
import { setWeight } from '../../support.ts';

const l = tf.layers;
const conv = (args = {}) => l.conv2d({ name: 'conv', filters: 3, kernelSize: 3, ...args });
const depthwise = (args = {}) => l.depthwiseConv2d({ name: 'depthwise', kernelSize: 2, ...args });
const batchNorm = (args = {}) => l.batchNormalization({ name: 'norm', ...args });
const relu = (args = {}) => l.reLU({ name: 'relu', ...args });
const pad = (args = {}) => l.zeroPadding2d({ name: 'pad', ...args });
const dense = (args = {}) => l.dense({ name: 'dense', units: 4, ...args });
const joined = (...tensors: unknown[]) =>
  l.concatenate({ name: 'joined' }).apply(tensors as tf.SymbolicTensor[]) as tf.SymbolicTensor;

type Pass = (graph: FloatGraph) => FloatGraph;

interface Case {
  readonly pass: Pass;
  readonly title: string;
  /** From images [7, 6, 2]. */
  readonly layers: Layers;
  /** What is left: names in order. */
  readonly left: readonly string[];
}

const fuseAll: Pass = (graph) => fuseActivations(graph, () => true);

const CASES: readonly Case[] = [
  {
    pass: dropIdentities,
    title: 'dropIdentities drops dropout and linear activations, also at the end',
    layers: chain(
      l.dropout({ rate: 0.5 }),
      conv(),
      l.activation({ activation: 'linear' }),
      l.dropout({ rate: 0.2 }),
    ),
    left: ['conv'],
  },
  {
    pass: vectorsAsImages,
    title: 'vectorsAsImages keeps every node, and what it computes',
    layers: chain(
      l.globalAveragePooling2d({ name: 'mean', dataFormat: 'channelsLast' }),
      dense(),
      batchNorm(),
      l.softmax({ name: 'softmax' }),
    ),
    left: ['mean', 'dense', 'norm', 'softmax'],
  },
  {
    pass: dropReshapes,
    title: 'dropReshapes drops those that a dense layer reads, through an activation too',
    layers: chain(l.flatten(), relu(), dense()),
    left: ['relu', 'dense'],
  },
  {
    pass: dropReshapes,
    title: 'dropReshapes drops a reshape and its inverse',
    layers: chain(l.reshape({ targetShape: [84] }), l.reshape({ targetShape: [7, 6, 2] }), conv()),
    left: ['conv'],
  },
  {
    pass: dropReshapes,
    title: 'dropReshapes keeps one that a convolution reads',
    layers: chain(l.reshape({ name: 'turned', targetShape: [6, 7, 2] }), conv()),
    left: ['turned', 'conv'],
  },
  {
    pass: dropReshapes,
    title: 'dropReshapes keeps one whose channels a batch norm reads',
    layers: chain(l.flatten({ name: 'flat' }), batchNorm(), dense()),
    left: ['flat', 'norm', 'dense'],
  },
  {
    pass: foldBatchNorms,
    title: 'foldBatchNorms folds one after another into the convolution before',
    layers: chain(conv({ useBias: false }), batchNorm(), l.batchNormalization(), relu()),
    left: ['conv', 'relu'],
  },
  {
    pass: foldBatchNorms,
    title: 'foldBatchNorms folds into a dense layer',
    layers: chain(l.flatten({ name: 'flat' }), dense(), batchNorm({ scale: false })),
    left: ['flat', 'dense'],
  },
  {
    pass: foldBatchNorms,
    title: 'foldBatchNorms leaves one whose convolution has another user',
    layers: (x) => {
      const y = conv().apply(x);
      return joined(y, batchNorm().apply(y as tf.SymbolicTensor));
    },
    left: ['conv', 'norm', 'joined'],
  },
  {
    pass: foldBatchNorms,
    title: 'foldBatchNorms leaves one after an activation',
    layers: chain(conv({ activation: 'relu' }), batchNorm()),
    left: ['conv', 'norm'],
  },
  {
    pass: foldBatchNormsForward,
    title: 'foldBatchNormsForward folds one on the input into all that read it',
    layers: (x) => {
      const y = batchNorm().apply(x) as tf.SymbolicTensor;
      return joined(conv({ kernelSize: 2 }).apply(y), depthwise({ depthMultiplier: 2 }).apply(y));
    },
    left: ['conv', 'depthwise', 'joined'],
  },
  {
    pass: (graph) => foldBatchNormsForward(dropReshapes(graph)),
    title: 'foldBatchNormsForward folds one before a dense layer that reads an image',
    layers: chain(relu(), batchNorm(), l.flatten(), dense()),
    left: ['relu', 'dense'],
  },
  {
    pass: foldBatchNormsForward,
    title: 'foldBatchNormsForward leaves one before a convolution that pads zeros',
    layers: chain(batchNorm(), conv({ padding: 'same' })),
    left: ['norm', 'conv'],
  },
  {
    pass: foldBatchNormsForward,
    title: 'foldBatchNormsForward leaves one that something else reads, too',
    layers: (x) => {
      const y = batchNorm().apply(x) as tf.SymbolicTensor;
      return joined(y, conv({ kernelSize: 1 }).apply(y));
    },
    left: ['norm', 'conv', 'joined'],
  },
  {
    pass: foldBatchNormsForward,
    title: 'foldBatchNormsForward leaves one that is the output',
    layers: chain(relu(), batchNorm()),
    left: ['relu', 'norm'],
  },
  {
    pass: fuseAll,
    title: 'fuseActivations makes one a part of the convolution before',
    layers: chain(conv(), l.leakyReLU({ alpha: 0.2 })),
    left: ['conv'],
  },
  {
    pass: fuseAll,
    title: 'fuseActivations goes through zero padding where zeros stay zeros',
    layers: chain(conv(), pad(), relu()),
    left: ['conv', 'pad'],
  },
  {
    pass: fuseAll,
    title: 'fuseActivations stops at zero padding where zeros do not stay zeros',
    layers: chain(conv(), pad(), l.activation({ name: 'sigmoid', activation: 'sigmoid' })),
    left: ['conv', 'pad', 'sigmoid'],
  },
  {
    pass: fuseAll,
    title: 'fuseActivations leaves one after another one',
    layers: chain(conv({ activation: 'tanh' }), relu()),
    left: ['conv', 'relu'],
  },
  {
    pass: (graph) => fuseActivations(graph, (activation) => activation === 'relu6'),
    title: 'fuseActivations leaves those that may not be fused',
    layers: chain(conv(), relu()),
    left: ['conv', 'relu'],
  },
  {
    pass: absorbPadding,
    title: 'absorbPadding lets convolutions take over what is before them, all of it',
    layers: (x) => {
      const y = chain(pad(), pad({ name: 'pad2', padding: 2 }))(x);
      return joined(
        conv({ padding: 'same', strides: 2 }).apply(y),
        depthwise({ strides: 2, padding: 'same' }).apply(y),
      );
    },
    left: ['conv', 'depthwise', 'joined'],
  },
  {
    pass: absorbPadding,
    title: 'absorbPadding leaves padding that a pool reads',
    layers: chain(pad(), l.maxPooling2d({ name: 'pool', poolSize: 2 })),
    left: ['pad', 'pool'],
  },
];

function outputOf(graph: FloatGraph): Float32Array {
  const runner = new FloatRunner(graph);
  try {
    return runner.outputs(someImages(2, [7, 6, 2]), [2, 7, 6, 2])[0];
  } finally {
    runner.dispose();
  }
}

function namesOf({ nodes }: FloatGraph): string[] {
  return nodes.map(({ name }) => name);
}

describe('passes over float graphs', () => {
  before(needsTensorFlow);

  afterEach(disposeModels);

  for (const { pass, title, layers, left } of CASES) {
    it(title, () => {
      const graph = readLayersModel(networkOf([7, 6, 2], layers));
      const before = structuredClone(graph);
      const changed = pass(graph);
      assert.deepEqual(namesOf(changed), left);
      assert.deepEqual(graph, before, 'the graph that it gets stays as it is');
      const expected = outputOf(graph);
      const received = outputOf(changed);
      assert.equal(received.length, expected.length);
      expected.forEach((value, at) => {
        assert.ok(Math.abs(value - received[at]) < 1e-5 * Math.max(1, Math.abs(value)));
      });
    });
  }

  it('dropSoftmax ends a network in its logits, and leaves a softmax that is read', () => {
    const layers = chain(
      l.flatten({ name: 'flat' }),
      l.softmax({ name: 'inner' }),
      dense(),
      l.softmax({ name: 'last' }),
    );
    const graph = dropSoftmax(readLayersModel(networkOf([7, 6, 2], layers)));
    assert.deepEqual(namesOf(graph), ['flat', 'inner', 'dense']);
    assert.deepEqual(graph.outputs, ['dense']);
  });

  it('vectorsAsImages gives vectors two sides of 1', () => {
    const layers = chain(l.flatten({ name: 'flat' }), dense(), relu());
    const graph = vectorsAsImages(readLayersModel(networkOf([7, 6, 2], layers)));
    assert.deepEqual(
      [...graph.shapes],
      [
        ['image', [7, 6, 2]],
        ['flat', [1, 1, 84]],
        ['dense', [1, 1, 4]],
        ['relu', [1, 1, 4]],
      ],
    );
  });

  it('replaceZeroVariance changes depthwise batch norms alone, and folding tells which channels', () => {
    const layers = chain(
      conv(),
      l.batchNormalization({ name: 'first' }),
      depthwise(),
      l.batchNormalization({ name: 'second' }),
    );
    const model = networkOf([7, 6, 2], layers);
    setWeight(model, 'first/moving_variance', [0, 1, 1]);
    setWeight(model, 'second/moving_variance', [4, 0, 2]);
    const { nodes } = replaceZeroVariance(readLayersModel(model));
    const batchNorms = nodes.filter((node) => node.op === 'batchNorm');
    assert.deepEqual(
      batchNorms.map(({ variance }) => [...variance]),
      [
        [0, 1, 1],
        [4, 3, 2],
      ],
    );
    const folded = foldBatchNorms(replaceZeroVariance(readLayersModel(model)));
    assert.deepEqual(
      folded.nodes
        .filter(isWeightedFloat)
        .map(({ batchNorm }) => [batchNorm?.deadChannels, batchNorm?.replacedChannels]),
      [
        [[0], []],
        [[1], [1]],
      ],
    );
  });

  it('foldBatchNormsForward refuses weights that do not stay finite, naming both layers', () => {
    const model = networkOf([7, 6, 2], chain(batchNorm(), conv()));
    setWeight(model, 'norm/moving_variance', [1, -5]);
    assert.throws(() => foldBatchNormsForward(readLayersModel(model)), {
      name: 'GraphError',
      message: 'Expected finite weights of conv after folding norm but one is NaN',
    });
  });
});
