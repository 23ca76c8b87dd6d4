import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { networkOfGraph } from '../../../architectures/graph/float_network.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { GroupedConv2d } from '../../../architectures/graph/grouped_conv2d.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { GeneralRelu } from '../../../checkpoints/tfjs/general_relu.ts';
import { chain, type Layers, networkOf, someImages } from '../../quantize/convert/support.ts';
import { disposeModels } from '../../support/dispose_models.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';

const l = tf.layers;
const conv = (args = {}) => l.conv2d({ name: 'conv', filters: 3, kernelSize: 3, ...args });
const batchNorm = (args = {}) => l.batchNormalization({ name: 'norm', ...args });
const activation = (name: 'tanh') => chain(l.activation({ activation: name }));
const relu = (config: Omit<ConstructorParameters<typeof GeneralRelu>[0], 'name'>) =>
  chain(new GeneralRelu({ name: 'general', ...config }));

const grouped = (dilation: number) =>
  new GroupedConv2d({
    name: 'grouped',
    filters: 9,
    kernelSize: [3, 2],
    strides: dilation === 1 ? [2, 1] : [1, 1],
    padding: dilation === 1 ? 'same' : 'valid',
    dilationRate: [dilation, dilation],
    groups: 3,
    useBias: true,
  });
const transposed = (args = {}) =>
  l.conv2dTranspose({ name: 'transposed', filters: 3, kernelSize: 3, ...args });

/** Layers that graphs are made layers of again, from images [7, 6, 2]. */
const MADE: Readonly<Record<string, Layers>> = {
  'a grouped convolution': chain(conv({ filters: 6 }), grouped(1), l.reLU()),
  'a dilated grouped convolution': chain(conv({ filters: 6, kernelSize: 1 }), grouped(2)),
  'a transposed convolution': chain(
    transposed({ strides: 2, padding: 'same', activation: 'relu' }),
  ),
  'a transposed convolution whose windows do not meet': chain(
    transposed({ kernelSize: [2, 3], strides: [3, 2], useBias: false }),
  ),
  'a transposed convolution of stride 1': chain(transposed({ kernelSize: [4, 1] })),
  PReLU: chain(l.prelu({ alphaInitializer: 'randomNormal' })),
  'PReLU with a slope a channel': chain(
    l.prelu({ alphaInitializer: 'randomNormal', sharedAxes: [1, 2] }),
  ),
};

/** From images [7, 6, 2]. */
const READ: Readonly<Record<string, Layers>> = {
  ...MADE,
  'a convolution with all it can have': chain(
    conv({ kernelSize: [3, 2], strides: [2, 1], padding: 'same', activation: 'relu' }),
  ),
  'a dilated convolution': chain(conv({ kernelSize: 2, dilationRate: 2, useBias: false })),
  'a dilated convolution with "same" padding': chain(conv({ dilationRate: 2, padding: 'same' })),
  'a depthwise convolution': chain(
    l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', strides: 2 }),
  ),
  'a batch norm of channels': chain(batchNorm()),
  'a batch norm of rows': chain(batchNorm({ axis: 1, scale: false })),
  'a batch norm of a vector': chain(l.flatten(), batchNorm({ center: false })),
  'zero padding': chain(
    l.zeroPadding2d({
      padding: [
        [0, 1],
        [2, 0],
      ],
    }),
  ),
  'pools, padded and not': chain(
    l.maxPooling2d({ poolSize: 2, strides: 1 }),
    l.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
  ),
  'a global average': chain(l.globalAveragePooling2d({ dataFormat: 'channelsLast' })),
  'dropout and noise, which change nothing': chain(
    l.dropout({ rate: 0.5 }),
    l.gaussianNoise({ stddev: 0.5 }),
    l.gaussianDropout({ rate: 0.5 }),
    l.alphaDropout({ rate: 0.5 }),
  ),
  reshapes: chain(l.reshape({ targetShape: [3, 28] }), l.reshape({ targetShape: [7, 4, 3] })),
  'a dense layer of a vector': chain(l.flatten(), l.dense({ units: 4, activation: 'elu' })),
  'a softmax that a dense layer brings along': chain(
    l.flatten(),
    l.dense({ units: 4, activation: 'softmax' }),
  ),
  'a dense layer of each pixel': chain(l.dense({ units: 4, activation: 'tanh' })),
  'a separable convolution with all it can have': chain(
    l.separableConv2d({
      filters: 4,
      kernelSize: [3, 2],
      strides: [2, 2],
      depthMultiplier: 2,
      padding: 'same',
      activation: 'relu',
    }),
  ),
  'a dilated separable convolution, without a bias': chain(
    l.separableConv2d({ filters: 4, kernelSize: 2, dilationRate: 2, useBias: false }),
    l.activation({ activation: 'softmax' }),
  ),
  'a separable convolution with a softmax': chain(
    l.separableConv2d({ filters: 4, kernelSize: 2, activation: 'softmax' }),
  ),
  'a global maximum': chain(l.globalMaxPooling2d({ dataFormat: 'channelsLast' })),
  'an affine map of all values': chain(conv(), l.rescaling({ scale: -0.5, offset: 0.25 })),
  'the average of three': (x) =>
    l.average().apply([x, conv({ filters: 2, padding: 'same' }).apply(x) as never, x]) as never,
  'a layer that is called three times, once on what it made': (x) => {
    const shared = conv({ filters: 2, padding: 'same', activation: 'tanh' });
    const a = shared.apply(x) as tf.SymbolicTensor;
    const b = shared.apply(l.reLU().apply(x)) as tf.SymbolicTensor;
    return l.concatenate().apply([shared.apply(a) as never, b, a]) as tf.SymbolicTensor;
  },
  'a layer that is called on images of two sizes': (x) => {
    const shared = conv({ filters: 2 });
    const means = l.globalAveragePooling2d({ dataFormat: 'channelsLast' });
    const a = shared.apply(x) as tf.SymbolicTensor;
    const b = shared.apply(a) as tf.SymbolicTensor;
    return l.add().apply([means.apply(a) as never, means.apply(b) as never]) as never;
  },
  'a softmax of channels': chain(l.softmax({ axis: -1 })),
  'a softmax as an activation': chain(l.activation({ activation: 'softmax' })),
  'concatenation of rows': (x) => l.concatenate({ axis: 1 }).apply([x, x]) as tf.SymbolicTensor,
  'the sum of three': (x) =>
    l.add().apply([x, conv({ filters: 2, padding: 'same' }).apply(x) as never, x]) as never,
  'the product with a number for each channel': (x) => {
    const gate = chain(
      l.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
      l.dense({ units: 2, activation: 'sigmoid' }),
      l.reshape({ targetShape: [1, 1, 2] }),
    )(x);
    return l.multiply().apply([x, gate]) as tf.SymbolicTensor;
  },
  'the maximum of three, one of them a number for each channel': (x) => {
    const means = l.globalAveragePooling2d({ dataFormat: 'channelsLast' }).apply(x);
    const gate = l.reshape({ targetShape: [1, 1, 2] }).apply(means as tf.SymbolicTensor);
    const tanh = l.activation({ activation: 'tanh' }).apply(x);
    return l.maximum().apply([gate, x, tanh] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
  },
  'the minimum of two': (x) =>
    l
      .minimum()
      .apply([x, conv({ filters: 2, padding: 'same' }).apply(x) as never]) as tf.SymbolicTensor,
  ReLU: chain(l.reLU()),
  'a bounded ReLU': chain(l.reLU({ maxValue: 0.5 })),
  'leaky ReLU': chain(l.leakyReLU({ alpha: 0.2 })),
  'thresholded ReLU': chain(l.thresholdedReLU({ theta: 0.3 })),
  'a ReLU with a slope, a bound and a threshold': relu({
    maxValue: 0.7,
    negativeSlope: 0.1,
    threshold: 0.2,
  }),
  ELU: chain(l.elu()),
  linear: chain(l.activation({ activation: 'linear' })),
  relu6: chain(l.activation({ activation: 'relu6' })),
  sigmoid: chain(l.activation({ activation: 'sigmoid' })),
  tanh: activation('tanh'),
  'hard sigmoid': chain(l.activation({ activation: 'hardSigmoid' })),
  swish: chain(l.activation({ activation: 'swish' })),
  SELU: chain(l.activation({ activation: 'selu' })),
  softplus: chain(l.activation({ activation: 'softplus' })),
  softsign: chain(l.activation({ activation: 'softsign' })),
  GELU: chain(l.activation({ activation: 'gelu' })),
  'approximate GELU': chain(l.activation({ activation: 'gelu_new' })),
  Mish: chain(l.activation({ activation: 'mish' })),
};

const N = 2;

function outputsOf(model: tf.LayersModel): { shape: number[]; values: Float32Array }[] {
  const images = someImages(N, [7, 6, 2]);
  return tf.tidy(() => {
    const outputs = model.predict(tf.tensor(images, [N, 7, 6, 2]));
    return [outputs].flat().map((tensor) => ({
      shape: tensor.shape.slice(1),
      values: tensor.dataSync<'float32'>().slice(),
    }));
  });
}

function assertComputesTheSame(model: tf.LayersModel): void {
  const graph = readLayersModel(model);
  const expected = outputsOf(model);
  const runner = new FloatRunner(graph);
  const received = runner.outputs(someImages(N, [7, 6, 2]), [N, 7, 6, 2]);
  runner.dispose();
  assert.equal(received.length, expected.length);
  expected.forEach(({ shape, values }, index) => {
    assert.deepEqual(graph.shapes.get(graph.outputs[index]), shape);
    assert.equal(received[index].length, values.length);
    values.forEach((value, at) => {
      assert.ok(Math.abs(value - received[index][at]) < 1e-5, `${value}, ${received[index][at]}`);
    });
  });
}

describe('readLayersModel', () => {
  before(needsTensorFlow);

  afterEach(disposeModels);

  for (const [title, layers] of Object.entries(READ)) {
    it(`makes a graph that computes what the model does: ${title}`, () => {
      assertComputesTheSame(networkOf([7, 6, 2], layers));
    });
  }

  for (const [title, layers] of Object.entries(MADE)) {
    it(`makes a graph whose layers compute the same: ${title}`, () => {
      const model = networkOf([7, 6, 2], layers);
      const { layersModel } = networkOfGraph(readLayersModel(model));
      const [expected, received] = [outputsOf(model), outputsOf(layersModel)];
      expected[0].values.forEach((value, at) => {
        assert.ok(Math.abs(value - received[0].values[at]) < 1e-5);
      });
    });
  }

  it('reads any number of outputs, and tensors that several layers read', () => {
    const input = tf.input({ shape: [7, 6, 2] });
    const shared = conv().apply(input) as tf.SymbolicTensor;
    const outputs = [
      l.reLU().apply(shared) as tf.SymbolicTensor,
      shared,
      l.flatten().apply(shared) as tf.SymbolicTensor,
    ];
    const model = tf.model({ inputs: input, outputs });
    assert.equal(readLayersModel(model).outputs.length, 3);
    assertComputesTheSame(model);
  });

  it('keeps batch norms, activations and padding as nodes of their own, with their classes', () => {
    const layers = chain(
      conv({ padding: 'same' }),
      batchNorm(),
      l.reLU({ name: 'relu', maxValue: 6 }),
      l.zeroPadding2d({ name: 'pad' }),
    );
    assert.deepEqual(
      readLayersModel(networkOf([7, 6, 2], layers)).nodes.map(({ name, op, className }) => [
        name,
        op,
        className,
      ]),
      [
        ['conv', 'conv2d', 'Conv2D'],
        ['norm', 'batchNorm', 'BatchNormalization'],
        ['relu', 'activation', 'ReLU'],
        ['pad', 'pad', 'ZeroPadding2D'],
      ],
    );
  });

  for (const [title, layers, message] of [
    [
      'a class that it does not know, naming the layer',
      chain(l.layerNormalization({ name: 'layer' })),
      'Expected a layer that a float graph can hold but received layer (LayerNormalization): LayerNormalization',
    ],
    [
      'an activation that it does not know, naming the layer',
      chain(conv({ activation: 'logSoftmax' })),
      'Expected a layer that a float graph can hold but received conv (Conv2D): the activation log_softmax',
    ],
  ] as const) {
    it(`refuses ${title}`, () => {
      const model = networkOf([7, 6, 2], layers);
      assert.throws(() => readLayersModel(model), { name: 'UnsupportedLayerError', message });
    });
  }
});
