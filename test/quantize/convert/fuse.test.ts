import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import { isWeightedFloat } from '../../../architectures/graph/float_node.ts';
import type { FoldedBatchNorm } from '../../../architectures/graph/operations/weighted.ts';
import { replacedChannels } from '../../../architectures/graph/passes/fold_batch_norms.ts';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { VARIANTS } from '../../../architectures/variants.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { randomizeWeights, setWeight } from '../../architectures/support.ts';
import { disposeModels } from '../../support/dispose_models.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { assertFusedEquals, chain, type Layers, networkOf } from './support.ts';

const l = tf.layers;
const conv = (args = {}) => l.conv2d({ name: 'conv', filters: 3, kernelSize: 3, ...args });
const depthwise = (args = {}) => l.depthwiseConv2d({ name: 'depthwise', kernelSize: 3, ...args });
const batchNorm = (args = {}) => l.batchNormalization({ name: 'norm', ...args });
const logits = () => l.dense({ name: 'logits', units: 4 });
const head = () => [l.flatten(), logits()];

/** The layers, then a Dense layer: flattened before where they make images. */
const toLogits =
  (layers: Layers): Layers =>
  (x) => {
    const y = layers(x);
    return chain(...(y.rank === 2 ? [logits()] : head()))(y);
  };

const fuse = (model: tf.LayersModel) => fuseLayersModel(model, { zeroVariance: 'keep' });

/** From images [7, 6, 2], before a Dense layer. */
const SUPPORTED: Readonly<Record<string, Layers>> = {
  'a convolution with a bias': chain(conv()),
  'a convolution without a bias': chain(conv({ useBias: false })),
  'a convolution with strides and "same" padding': chain(
    conv({ strides: [2, 1], padding: 'same', kernelSize: [3, 2] }),
  ),
  'a convolution with its own activation': chain(conv({ activation: 'relu6' })),
  'a convolution and a batch norm': chain(conv(), batchNorm()),
  'a convolution without a bias and a batch norm': chain(conv({ useBias: false }), batchNorm()),
  'a batch norm without γ': chain(conv(), batchNorm({ scale: false })),
  'a batch norm without β': chain(conv(), batchNorm({ center: false })),
  'a batch norm without γ and β': chain(conv(), batchNorm({ scale: false, center: false })),
  'a batch norm with another ε': chain(conv(), batchNorm({ epsilon: 0.5 })),
  'a batch norm after a batch norm': chain(conv(), batchNorm(), l.batchNormalization()),
  'a frozen batch norm': chain(conv(), batchNorm({ trainable: false })),
  ReLU: chain(conv(), batchNorm(), l.reLU()),
  ReLU6: chain(conv(), batchNorm(), l.reLU({ maxValue: 6 })),
  'a residual': (x) => {
    const y = chain(conv({ padding: 'same', filters: 2 }), batchNorm())(x);
    return chain(l.reLU({ maxValue: 6 }))(l.add().apply([x, y]) as tf.SymbolicTensor);
  },
  'a sum of three': (x) => {
    const y = chain(conv({ padding: 'same', filters: 2 }))(x);
    return l.add().apply([y, x, x]) as tf.SymbolicTensor;
  },
  'a hard swish that is spelled out': (x) => {
    const y = chain(conv({ filters: 1 }), l.activation({ activation: 'linear' }))(x);
    const gate = chain(batchNorm(), l.reLU({ maxValue: 6 }), l.batchNormalization())(y);
    return l.multiply().apply([y, gate]) as tf.SymbolicTensor;
  },
  'a gate of one channel that nothing takes up': (x) => {
    const y = chain(conv({ filters: 1, activation: 'relu6' }), batchNorm())(x);
    return l.multiply().apply([y, chain(conv({ name: 'other', filters: 1 }))(x)]) as never;
  },
  'zero padding before a maximum pool, after a ReLU': chain(
    conv({ activation: 'relu' }),
    l.zeroPadding2d({ padding: 1 }),
    l.maxPooling2d({ poolSize: 3, strides: 2 }),
  ),
  'a gate for each channel': (x) => {
    const mean = l.globalAveragePooling2d({ dataFormat: 'channelsLast' }).apply(x);
    const image = l.reshape({ targetShape: [1, 1, 2] }).apply(mean) as tf.SymbolicTensor;
    const gate = chain(l.conv2d({ filters: 2, kernelSize: 1, activation: 'relu6' }))(image);
    return chain(l.reLU())(l.multiply().apply([gate, x]) as tf.SymbolicTensor);
  },
  'leaky ReLU': chain(conv(), batchNorm(), l.leakyReLU()),
  'a ReLU with another bound': chain(conv(), l.reLU({ maxValue: 1 })),
  'a ReLU after another': chain(conv(), l.reLU({ maxValue: 6 }), l.reLU({ maxValue: 2 }), l.reLU()),
  'a ReLU with a threshold': chain(conv(), l.thresholdedReLU({ theta: 0.3 })),
  ELU: chain(conv(), l.elu()),
  'an activation that a layer has in a table': chain(conv({ activation: 'tanh' }), batchNorm()),
  'an activation that stands at no convolution': chain(l.activation({ activation: 'sigmoid' })),
  'an activation of a tensor that another layer reads before a dropout': (x) => {
    const y = conv().apply(x) as tf.SymbolicTensor;
    const dropped = chain(l.dropout({ rate: 0.1 }), l.reLU())(y);
    return l.concatenate().apply([dropped, y]) as tf.SymbolicTensor;
  },
  'an Activation layer': chain(conv(), batchNorm(), l.activation({ activation: 'relu' })),
  'a linear Activation layer': chain(conv(), l.activation({ activation: 'linear' }), batchNorm()),
  'a dilated convolution': chain(conv({ dilationRate: 2, padding: 'same' }), batchNorm()),
  'a batch norm before a pool': chain(conv(), l.maxPooling2d({ poolSize: 2 }), batchNorm()),
  'a batch norm before a convolution with padding': chain(
    conv({ activation: 'relu' }),
    batchNorm(),
    depthwise({ padding: 'same' }),
  ),
  'a batch norm of padded values': chain(
    conv(),
    l.zeroPadding2d({ padding: 1 }),
    batchNorm(),
    depthwise({ padding: 'same' }),
  ),
  'a batch norm of a tensor that another layer reads': (x) => {
    const y = conv().apply(x) as tf.SymbolicTensor;
    return l.concatenate().apply([batchNorm().apply(y) as tf.SymbolicTensor, y]) as never;
  },
  'a depthwise convolution': chain(depthwise(), batchNorm(), l.reLU()),
  'a depthwise convolution with depthMultiplier 2': chain(
    depthwise({ depthMultiplier: 2, strides: 2, padding: 'same' }),
    batchNorm(),
  ),
  'zero padding before a convolution': chain(
    l.zeroPadding2d({
      padding: [
        [0, 1],
        [2, 0],
      ],
    }),
    conv({ strides: 2 }),
    batchNorm(),
  ),
  'zero padding before a depthwise convolution, beside its own': chain(
    l.zeroPadding2d({ padding: 1 }),
    depthwise({ padding: 'same' }),
  ),
  'a Dense layer with a batch norm and ReLU': chain(
    l.flatten(),
    l.dense({ units: 5, useBias: false }),
    batchNorm(),
    l.reLU(),
  ),
  'average pooling, "valid"': chain(l.averagePooling2d({ poolSize: 2, strides: [2, 1] })),
  'average pooling, "same", over the positions inside the image': chain(
    l.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
  ),
  'maximum pooling, "valid"': chain(l.maxPooling2d({ poolSize: [3, 2], strides: 1 })),
  'maximum pooling, "same"': chain(l.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  'global average pooling': chain(conv(), l.globalAveragePooling2d({ dataFormat: 'channelsLast' })),
  dropout: chain(conv(), l.dropout({ rate: 0.5 }), l.reLU()),
  'a reshape to a vector': chain(conv(), l.reshape({ targetShape: [60] }), l.reLU()),
  'a batch norm on the input': chain(batchNorm(), conv({ strides: 2 })),
  'a batch norm on the input of a depthwise convolution': chain(
    batchNorm(),
    depthwise({ depthMultiplier: 2 }),
  ),
  'a batch norm after a ReLU, before a convolution without padding': chain(
    conv({ activation: 'relu6' }),
    batchNorm(),
    l.conv2d({ filters: 2, kernelSize: 2 }),
  ),
  'a batch norm after a ReLU, read as a vector by a Dense layer': chain(
    conv(),
    l.reLU(),
    batchNorm({ scale: false }),
  ),
  'a batch norm that two convolutions read': (x) => {
    const y = batchNorm().apply(x);
    const branches = [1, 2].map((filters) => l.conv2d({ filters, kernelSize: 2 }).apply(y));
    return l.concatenate().apply(branches as tf.SymbolicTensor[]) as tf.SymbolicTensor;
  },
  'zero padding between a convolution and its ReLU': chain(
    conv(),
    l.zeroPadding2d({ padding: 1 }),
    l.reLU(),
    depthwise(),
  ),
  'two zero paddings, one after the other': chain(
    l.zeroPadding2d({ padding: 1 }),
    l.zeroPadding2d({ padding: 2 }),
    conv(),
  ),
  'zero padding that two convolutions read': (x) => {
    const y = l.zeroPadding2d({ padding: 1 }).apply(x);
    const branches = [1, 2].map((filters) => l.conv2d({ filters, kernelSize: 3 }).apply(y));
    return l.concatenate().apply(branches as tf.SymbolicTensor[]) as tf.SymbolicTensor;
  },
  'zero padding before an average pool': chain(
    l.zeroPadding2d({ padding: 1 }),
    l.averagePooling2d({ poolSize: 2 }),
  ),
  'zero padding before a Dense layer': chain(
    l.zeroPadding2d({ padding: 1 }),
    l.flatten(),
    l.dense({ units: 2 }),
  ),
  'a convolution of a reshaped image': chain(l.reshape({ targetShape: [6, 7, 2] }), conv()),
  'a vector as rows of an image': chain(
    l.flatten(),
    l.reshape({ targetShape: [28, 3] }),
    l.permute({ dims: [2, 1] }),
  ),
  'concatenation below each other, and beside': (x) => {
    const y = l.concatenate({ axis: 1 }).apply([x, x]) as tf.SymbolicTensor;
    return l.concatenate({ axis: 2 }).apply([y, y]) as tf.SymbolicTensor;
  },
  'an image of which the edges are cut': chain(
    l.cropping2D({
      cropping: [
        [1, 2],
        [0, 3],
      ],
    }),
    conv(),
  ),
  'axes in another order': chain(l.permute({ dims: [2, 1, 3] }), conv()),
  'rows and columns that come several times': chain(conv(), l.upSampling2d({ size: [2, 3] })),
  'a reshape and its inverse': chain(
    l.reshape({ targetShape: [84] }),
    l.reshape({ targetShape: [7, 6, 2] }),
    conv(),
  ),
  'global average pooling, then a convolution of the vector': chain(
    l.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
    l.reshape({ targetShape: [1, 1, 2] }),
    l.conv2d({ filters: 3, kernelSize: 1 }),
  ),
  concatenation: (x) => {
    const branch = chain(conv({ padding: 'same' }), batchNorm(), l.reLU())(x);
    return l.concatenate().apply([branch, x, branch]) as tf.SymbolicTensor;
  },
};

const REFUSED: Readonly<Record<string, readonly [Layers, RegExp]>> = {
  'a layer that TF8 has no operation for, naming it': [
    chain(conv(), l.layerNormalization({ name: 'layer' })),
    /TF8 does not support layer \(LayerNormalization\): the operation; it has Conv2D, /,
  ],
  'a batch norm over another axis': [
    chain(conv(), batchNorm({ axis: 1 })),
    /norm \(BatchNormalization\): its axis 1; TF8 normalizes channels \(axis 3\)/,
  ],
  'a sum that rows and columns of one image meet': [
    (x) => {
      const row = chain(l.averagePooling2d({ poolSize: [7, 1], strides: 1 }))(x);
      return l.add({ name: 'sum' }).apply([x, row]) as tf.SymbolicTensor;
    },
    /TF8 does not support sum \(Add\): inputs \[7,6,2\] and \[1,6,2\]; it has those of one shape/,
  ],
  'channels in front': [
    chain(conv({ dataFormat: 'channelsFirst', kernelSize: 1 })),
    /conv \(Conv2D\): the data format channels_first/,
  ],
  'global pooling with channels in front': [
    chain(l.globalAveragePooling2d({ name: 'pool', dataFormat: 'channelsFirst' })),
    /pool \(GlobalAveragePooling2D\): the data format channels_first/,
  ],
  'a softmax in the middle': [
    chain(conv(), l.softmax({ name: 'softmax', axis: -1 })),
    /softmax \(Softmax\): a softmax that is not the end of the network/,
  ],
  'a softmax activation in the middle': [
    chain(conv(), l.activation({ name: 'softmax', activation: 'softmax' })),
    /softmax \(Activation\): a softmax that is not the end of the network/,
  ],
  'a convolution with a softmax in the middle': [
    chain(conv({ activation: 'softmax' })),
    /conv\/softmax \(Conv2D\): a softmax that is not the end of the network/,
  ],
  'a softmax over anything but channels': [
    chain(conv(), l.softmax({ name: 'softmax', axis: 1 })),
    /softmax \(Softmax\): a softmax over its axis 1; it has one over channels \(axis 3\)/,
  ],
};

/** What was folded into a layer; fails where nothing was. */
function foldedInto({ nodes }: FloatGraph, layer: string): FoldedBatchNorm {
  const { batchNorm } = nodes.filter(isWeightedFloat).find(({ name }) => name === layer)!;
  assert.ok(batchNorm !== undefined, layer);
  return batchNorm;
}

function weightsOf({ nodes }: FloatGraph): Float32Array[][] {
  return nodes.filter(isWeightedFloat).map(({ kernel, bias }) => [kernel, bias]);
}

function refuses(model: tf.LayersModel, message: RegExp): void {
  assert.throws(
    () => fuse(model),
    (error) => {
      assert.ok(error instanceof QuantizationError, String((error as Error).stack));
      assert.match(error.message, message);
      return true;
    },
  );
}

describe('fuseLayersModel', () => {
  before(needsTensorFlow);

  afterEach(disposeModels);

  for (const [title, layers] of Object.entries(SUPPORTED)) {
    it(`computes what the model does: ${title}`, () => {
      assertFusedEquals(networkOf([7, 6, 2], toLogits(layers)));
    });
  }

  for (const [title, softmax] of [
    ['Softmax layer', l.softmax()],
    ['softmax Activation layer', l.activation({ activation: 'softmax' })],
  ] as const) {
    it(`leaves out a ${title} at the end: TF8 makes logits`, () => {
      const model = networkOf([7, 6, 2], chain(conv(), ...head(), softmax));
      const logits = tf.model({
        inputs: model.inputs,
        outputs: model.getLayer('logits').output as tf.SymbolicTensor,
      });
      assertFusedEquals(model, logits);
    });
  }

  it('leaves out the softmax of the last Dense layer', () => {
    const model = networkOf(
      [2, 2, 1],
      chain(l.flatten(), l.dense({ name: 'logits', units: 3, activation: 'softmax' })),
    );
    const [node] = fuse(model).nodes;
    assert.ok(node?.op === 'fullyConnected' && node.activation === 'linear');
  });

  for (const variant of VARIANTS) {
    it(`computes what MobileNetV1 0.25 does, variant ${variant.name}`, () => {
      const config = { widthMultiplier: 0.25, resolution: 32, classes: 6, variant };
      const model = buildMobileNetV1(config);
      randomizeWeights(model);
      assertFusedEquals(model, logitsModel(model));
    });
  }

  it('names each node after the layer that holds its weights', () => {
    const model = networkOf([7, 6, 2], chain(conv(), batchNorm(), l.reLU(), ...head()));
    const graph = fuse(model);
    assert.equal(graph.input.name, 'image');
    assert.deepEqual(graph.input.shape, [7, 6, 2]);
    assert.deepEqual(
      graph.nodes.map(({ name, op, inputs }) => [name, op, ...inputs]),
      [
        ['conv', 'conv2d', 'image'],
        ['logits', 'fullyConnected', 'conv'],
      ],
    );
  });

  it('leaves the model as it was and makes no tensor', () => {
    const model = networkOf([7, 6, 2], chain(conv(), batchNorm(), ...head()));
    const weights = () => model.getWeights().map((tensor) => [...tensor.dataSync()]);
    const before = weights();
    const tensors = tf.memory().numTensors;
    fuse(model);
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(weights(), before);
  });

  it('reports the zero-variance channels of depthwise batch norms that "mean" replaced', () => {
    const model = networkOf(
      [7, 6, 2],
      chain(
        conv(),
        l.batchNormalization({ name: 'first' }),
        depthwise(),
        l.batchNormalization({ name: 'second' }),
        ...head(),
      ),
    );
    setWeight(model, 'first/moving_variance', [0, 1, 1]);
    setWeight(model, 'second/moving_variance', [4, 1e-9, 2]);
    const graph = fuseLayersModel(model, { zeroVariance: 'mean' });
    assert.deepEqual([...replacedChannels(graph)], [['depthwise', [1]]]);
    assert.deepEqual([...replacedChannels(fuse(model))], []);
    const { alpha, variance, deadChannels } = foldedInto(graph, 'depthwise');
    foldedInto(graph, 'conv');
    assert.deepEqual([...variance], [...Float32Array.of(4, 1e-9, 2)]);
    assert.deepEqual(deadChannels, [1]);
    const kept = foldedInto(fuse(model), 'depthwise');
    assert.deepEqual(kept.deadChannels, [1]);
    // Kept, the channel's α is that of ε alone; handled, that of the others' mean variance, 3.
    assert.ok(Math.abs(kept.alpha[1] / alpha[1] - Math.sqrt((3 + 0.001) / 0.001)) < 1e-3);
    assert.deepEqual([alpha[0], alpha[2]], [kept.alpha[0], kept.alpha[2]]);
    setWeight(model, 'second/moving_variance', [4, 3, 2]);
    assert.deepEqual(weightsOf(graph), weightsOf(fuse(model)));
  });

  for (const [title, [layers, message]] of Object.entries(REFUSED)) {
    it(`refuses ${title}`, () => {
      refuses(networkOf([7, 6, 2], toLogits(layers)), message);
    });
  }

  it('takes a network that ends in an image', () => {
    assertFusedEquals(networkOf([7, 6, 2], chain(conv())));
  });

  it('keeps every output, one that others read too, and drops what leads to none', () => {
    const input = tf.input({ shape: [7, 6, 2], name: 'image' });
    const body = chain(conv(), l.reLU({ name: 'relu' }))(input);
    const pooled = l.globalAveragePooling2d({ name: 'pool' } as never).apply(body);
    const scores = chain(logits(), l.softmax({ name: 'scores' }))(pooled as tf.SymbolicTensor);
    const { nodes, outputs } = fuse(tf.model({ inputs: input, outputs: [scores, body] }));
    assert.deepEqual(outputs, ['logits', 'conv']);
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ['conv', 'pool', 'logits'],
    );
    const alone = fuse(tf.model({ inputs: input, outputs: body }));
    assert.deepEqual([alone.outputs, alone.nodes.length], [['conv'], 1]);
  });

  it('gives one output for a softmax and its logits', () => {
    const input = tf.input({ shape: [2, 2, 1], name: 'image' });
    const values = chain(l.flatten(), logits())(input);
    const scores = l.softmax().apply(values) as tf.SymbolicTensor;
    assert.deepEqual(fuse(tf.model({ inputs: input, outputs: [values, scores] })).outputs, [
      'logits',
    ]);
  });

  it('keeps the reshape that makes an image the logits', () => {
    assertFusedEquals(networkOf([7, 6, 2], chain(conv(), l.flatten())));
  });

  it('refuses a network without an operation', () => {
    refuses(
      networkOf([1, 1, 2], chain(l.flatten())),
      /Expected outputs of network that an operation makes but received its input, image/,
    );
  });

  it('refuses several inputs, by their names', () => {
    const [a, b] = ['left', 'right'].map((name) => tf.input({ shape: [2, 2, 1], name })) as [
      tf.SymbolicTensor,
      tf.SymbolicTensor,
    ];
    const joined = l.concatenate().apply([a, b]) as tf.SymbolicTensor;
    refuses(
      tf.model({ inputs: [a, b], outputs: joined }),
      /Expected one input in model\w* but received 2: left, right/,
    );
  });

  it('takes a layer that is used twice as two, of the same weights', () => {
    const shared = l.conv2d({ name: 'shared', filters: 2, kernelSize: 1 });
    assertFusedEquals(networkOf([2, 2, 2], chain(shared, l.reLU(), shared, ...head())));
  });

  it('refuses a sequential model, with the remedy', () => {
    const model = tf.sequential({ layers: [conv({ inputShape: [4, 4, 1] })], name: 'stack' });
    assert.throws(() => fuse(model), {
      message: 'Expected a functional model but stack is sequential',
      remedy: /tf\.model/,
    });
  });

  it('refuses images of no fixed size, with the remedy', () => {
    const input = tf.input({ shape: [null, null, 2], name: 'image' });
    const model = tf.model({ inputs: input, outputs: conv().apply(input) as tf.SymbolicTensor });
    refuses(model, /Expected fixed image sizes but the output of image is \[\?,\?,2\]/);
  });

  it('refuses tensors of more axes than an image has', () => {
    const input = tf.input({ shape: [3, 4, 2, 2], name: 'volume' });
    const model = tf.model({ inputs: input, outputs: l.flatten().apply(input) as never });
    refuses(model, /Expected images or vectors but the output of volume is \[3,4,2,2\]/);
  });

  it('refuses weights that are not finite, naming them', () => {
    for (const value of [Number.NaN, Infinity]) {
      const model = networkOf([7, 6, 2], chain(conv(), ...head()));
      setWeight(model, 'conv/bias', [1, value, 2]);
      refuses(model, new RegExp(`finite weights but conv/bias has ${value} at position 1`));
    }
  });

  it('refuses a batch norm whose folding is not finite, naming both layers', () => {
    const model = networkOf([7, 6, 2], chain(conv(), batchNorm(), ...head()));
    setWeight(model, 'norm/moving_variance', [1, -5, 1]);
    refuses(model, /Expected finite weights of conv after folding norm but one is NaN/);
  });
});
