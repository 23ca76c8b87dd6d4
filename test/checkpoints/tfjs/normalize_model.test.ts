import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { WeightSpec } from '../../../checkpoints/tfjs/layer_weights.ts';
import { splitWeights } from '../../../checkpoints/tfjs/layer_weights.ts';
import { checkTopology } from '../../../checkpoints/tfjs/layers_topology.ts';
import { normalizeModel } from '../../../checkpoints/tfjs/normalize_model.ts';
import { predictions } from '../live_mobilenet.ts';

type Json = Record<string, unknown>;

/** A weight of the numbers 1, 2, 3 … divided by ten. */
interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from?: number;
}

function normalize(topology: unknown, weights: readonly Weight[] = []) {
  const specs = weights.map(({ name, shape }): WeightSpec => {
    return { name, shape: [...shape], dtype: 'float32' };
  });
  const values = weights.flatMap(({ shape, from = 1 }) =>
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => (from + index) / 10),
  );
  const data = new Uint8Array(Float32Array.from(values).buffer);
  return normalizeModel(topology, splitWeights(specs, data), 'model.json', { isOwnFile: false });
}

/** What the model makes of an image of ones. */
async function outputs(topology: unknown, weights: readonly Weight[], shape: readonly number[]) {
  const { topology: modelTopology, weightSpecs, weightData } = normalize(topology, weights);
  checkTopology(modelTopology, 'model.json');
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs, weightData: weightData.buffer }),
  );
  const ones = tf.ones([1, ...shape]);
  const received = predictions(model, ones);
  tf.dispose([ones]);
  model.dispose();
  return [...received].map((value) => Number(value.toFixed(5)));
}

const INPUT = {
  class_name: 'InputLayer',
  name: 'image',
  config: { name: 'image', batch_input_shape: [null, 2, 2, 1], dtype: 'float32' },
  inbound_nodes: [],
};

function layer(className: string, name: string, from: unknown, config: Json = {}): Json {
  const inbound = typeof from === 'string' ? [[[from, 0, 0, {}]]] : from;
  return { class_name: className, name, config: { name, ...config }, inbound_nodes: inbound };
}

function functional(layers: readonly Json[], output: string, name = 'net'): Json {
  return {
    class_name: 'Functional',
    config: {
      name,
      layers: [INPUT, ...layers],
      input_layers: [['image', 0, 0]],
      output_layers: [[output, 0, 0]],
    },
  };
}

const flat = (...layers: readonly Json[]) =>
  functional([...layers, layer('Flatten', 'flat', layers.at(-1)!.name)], 'flat');

const tensor = (name: string) => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 2, 2, 1], dtype: 'float32', keras_history: [name, 0, 0] },
});

function refuses(topology: unknown, message: RegExp, weights: readonly Weight[] = []): void {
  assert.throws(() => normalize(topology, weights), { name: 'UserError', message });
}

describe('normalizeModel', () => {
  it('computes what operations in code do, inside of a network', async () => {
    const lambda = (name: string, fn: string, inbound: unknown) =>
      layer('TFOpLambda', name, inbound, { function: fn });
    const topology = flat(
      layer('ReLU', 'first', 'image'),
      lambda('double', 'math.multiply', [['first', 0, 0, { y: 2, name: null }]]),
      lambda('from', 'math.subtract', [['_CONSTANT_VALUE', -1, 5, { y: ['double', 0, 0] }]]),
      lambda('half', 'math.truediv', [['from', 0, 0, { y: 2 }]]),
      lambda('sum', '__operators__.add', [['half', 0, 0, { y: ['first', 0, 0] }]]),
    );
    assert.deepEqual(await outputs(topology, [], [2, 2, 1]), [2.5, 2.5, 2.5, 2.5]);
  });

  it('computes what the operations of Keras 3 do', async () => {
    const op = (name: string, className: string, args: unknown[]) => ({
      module: 'keras.src.ops.numpy',
      ...layer(className, name, [{ args, kwargs: {} }]),
    });
    const topology = {
      keras_version: '3.15.1',
      model_config: flat(
        layer('ReLU', 'first', [{ args: [tensor('image')], kwargs: {} }]),
        op('less', 'Subtract', [tensor('first'), 3]),
        op('from', 'Subtract', [1, tensor('less')]),
        op('part', 'TrueDivide', [tensor('from'), 4]),
      ),
    };
    assert.deepEqual(await outputs(topology, [], [2, 2, 1]), [0.75, 0.75, 0.75, 0.75]);
  });

  it('computes functions, differences, extremes, joints and means that are code', async () => {
    const lambda = (name: string, fn: string, inbound: unknown) =>
      layer('TFOpLambda', name, inbound, { function: fn });
    const topology = functional(
      [
        lambda('sigmoid', 'math.sigmoid', [['image', 0, 0, { name: null }]]),
        lambda('less', 'math.subtract', [['image', 0, 0, { y: ['sigmoid', 0, 0] }]]),
        layer('Subtract', 'back', [
          [
            ['less', 0, 0, {}],
            ['image', 0, 0, {}],
          ],
        ]),
        lambda('most', 'math.maximum', [['back', 0, 0, { y: ['less', 0, 0] }]]),
        lambda('joint', 'concat', [
          [
            ['back', 0, 0, { axis: -1 }],
            ['most', 0, 0, { axis: -1 }],
          ],
        ]),
        lambda('mean', 'math.reduce_mean', [['joint', 0, 0, { axis: [1, 2], keepdims: false }]]),
      ],
      'mean',
    );
    assert.deepEqual(await outputs(topology, [], [2, 2, 1]), [-0.73106, 0.26894]);
    refuses(
      functional([lambda('mean', 'math.reduce_mean', [['image', 0, 0, { axis: [3] }]])], 'mean'),
      /mean \(TFOpLambda\) .*: the mean over \[3\]/,
    );
  });

  it("computes Keras 3's hard functions as they are there", async () => {
    const of = (activation: string) => ({
      keras_version: '3.15.1',
      model_config: flat(layer('Activation', 'a', 'image', { activation })),
    });
    const sixth = (value: number) => Array(4).fill(Number(value.toFixed(5)));
    assert.deepEqual(await outputs(of('hard_sigmoid'), [], [2, 2, 1]), sixth(4 / 6));
    assert.deepEqual(await outputs(of('hard_silu'), [], [2, 2, 1]), sixth(4 / 6));
    assert.deepEqual(await outputs(of('hard_swish'), [], [2, 2, 1]), sixth(4 / 6));
  });

  it('computes functions that TensorFlow.js has no activation for', async () => {
    const erf1 = 0.8427007929497149;
    const halfErf = 0.5 * (1 + 0.6826894921370859); // erf(1 / √2)
    const tanhGelu = 0.8411919906082768;
    const all = (value: number) => Array(4).fill(Number(value.toFixed(5)));
    const keras3 = (...layers: readonly ReturnType<typeof layer>[]) => ({
      keras_version: '3.15.1',
      model_config: flat(...layers),
    });
    for (const [activation, expected] of [
      ['exponential', Math.E],
      ['hard_tanh', 1],
      ['log_sigmoid', -Math.log1p(Math.exp(-1))],
      ['tanh_shrink', 1 - Math.tanh(1)],
      ['gelu', halfErf],
      ['mish', Math.tanh(Math.log1p(Math.E))],
    ] as const) {
      const topology = keras3(layer('Activation', 'a', 'image', { activation }));
      assert.deepEqual(await outputs(topology, [], [2, 2, 1]), all(expected), activation);
    }
    const elu = keras3(
      layer('Rescaling', 'minus', 'image', { scale: -1, offset: 0 }),
      layer('ELU', 'a', 'minus', { alpha: 0.3 }),
    );
    assert.deepEqual(await outputs(elu, [], [2, 2, 1]), all(0.3 * Math.expm1(-1)));
    for (const [name, expected, options] of [
      ['math.exp', Math.E, {}],
      ['math.erf', erf1, {}],
      ['math.sqrt', 1, {}],
      ['math.negative', -1, {}],
      ['nn.gelu', halfErf, {}],
      ['nn.gelu', tanhGelu, { approximate: true }],
    ] as const) {
      const inbound = [['image', 0, 0, options]];
      const topology = flat(layer('TFOpLambda', 'a', inbound, { function: name }));
      assert.deepEqual(await outputs(topology, [], [2, 2, 1]), all(expected), name);
    }
  });

  it('tells a layer whose name another ends with by its whole name', async () => {
    const conv = { filters: 1, kernel_size: [1, 1], use_bias: false, activation: 'linear' };
    const topology = flat(
      layer('Conv2D', 'block/Conv_1', 'image', conv),
      layer('Conv2D', 'Conv_1', 'block/Conv_1', conv),
    );
    const weights = [
      { name: 'block/Conv_1/block/Conv_1/kernel:0', shape: [1, 1, 1, 1], from: 20 },
      { name: 'Conv_1/Conv_1/kernel:0', shape: [1, 1, 1, 1], from: 30 },
    ];
    assert.deepEqual(
      normalize(topology, weights).weightSpecs.map(({ name }) => name),
      ['block/Conv_1/kernel', 'Conv_1/kernel'],
    );
    assert.deepEqual(await outputs(topology, weights, [2, 2, 1]), [6, 6, 6, 6]);
  });

  it('puts outputs that have names in the order of these, as Keras does', () => {
    const topology = functional(
      [layer('ReLU', 'relu', 'image'), layer('ReLU', 'other', 'image', { max_value: 0.5 })],
      'relu',
    );
    const config = topology.config as Json;
    config.output_layers = { mask: ['relu', 0, 0], boxes: ['other', 0, 0] };
    const written = normalize(topology).topology as { readonly config: Json };
    assert.deepEqual(written.config.output_layers, [
      ['other', 0, 0],
      ['relu', 0, 0],
    ]);
  });

  it('unwraps numbers of NumPy, types that are objects and names of functions', async () => {
    const numpy = (value: number) => ({ class_name: '__numpy__', config: { value, dtype: 'f' } });
    const policy = { class_name: 'DTypePolicy', config: { name: 'mixed_float16' } };
    const relu6 = { module: 'builtins', class_name: 'function', config: 'relu6' };
    const topology = flat(
      layer('LeakyReLU', 'leaky', 'image', { alpha: numpy(0.5), dtype: policy }),
      layer('Activation', 'relu6', 'leaky', { activation: relu6 }),
    );
    assert.deepEqual(await outputs(topology, [], [2, 2, 1]), [1, 1, 1, 1]);
  });

  it('computes groups of channels, which Conv2D of TensorFlow.js lacks, and the activation behind them', async () => {
    const conv = { kernel_size: [1, 1], activation: 'linear' };
    const topology = flat(
      layer('Conv2D', 'wide', 'image', { ...conv, filters: 4, use_bias: false }),
      layer('Conv2D', 'grouped', 'wide', { ...conv, filters: 2, groups: 2, activation: 'relu' }),
    );
    const weights = [
      { name: 'wide/kernel', shape: [1, 1, 1, 4] },
      { name: 'grouped/kernel', shape: [1, 1, 2, 2] },
      { name: 'grouped/bias', shape: [2], from: -1 },
    ];
    // 0.1 · 0.1 + 0.2 · 0.3 − 0.1, below 0; 0.3 · 0.2 + 0.4 · 0.4 + 0
    const pixel = [0, 0.22];
    assert.deepEqual(
      await outputs(topology, weights, [2, 2, 1]),
      [1, 2, 3, 4].flatMap(() => pixel),
    );
    assert.throws(
      () =>
        normalize(
          flat(
            layer('Conv2D', 'c', 'image', { ...conv, groups: 2, data_format: 'channels_first' }),
          ),
        ),
      /its groups is 2 and its data_format "channels_first"/,
    );
  });

  it('computes activations that are layers, and those that TensorFlow.js has as layers only', async () => {
    const conv = { filters: 1, kernel_size: [1, 1], use_bias: false };
    const slope = { class_name: 'LeakyReLU', config: { name: 'a', negative_slope: 0.5 } };
    const topology = flat(
      layer('Conv2D', 'conv', 'image', { ...conv, activation: slope }),
      layer('Activation', 'leaky', 'conv', { activation: 'leaky_relu' }),
    );
    const weights = [{ name: 'conv/kernel', shape: [1, 1, 1, 1], from: -10 }];
    assert.deepEqual(await outputs(topology, weights, [2, 2, 1]), [-0.1, -0.1, -0.1, -0.1]);
  });

  it('calls the layers of a model that is called twice as often', async () => {
    const inner = functional(
      [layer('Conv2D', 'conv', 'image', { filters: 1, kernel_size: [1, 1], use_bias: false })],
      'conv',
      'inner',
    );
    const twice = {
      ...inner,
      name: 'inner',
      inbound_nodes: [[['image', 0, 0, {}]], [['inner', 1, 0, {}]]],
    };
    const topology = functional([twice, layer('Flatten', 'flat', [[['inner', 2, 0, {}]]])], 'flat');
    const weights = [{ name: 'conv/kernel', shape: [1, 1, 1, 1], from: 3 }];
    assert.deepEqual(await outputs(topology, weights, [2, 2, 1]), [0.09, 0.09, 0.09, 0.09]);
  });

  it('tells weights of one name apart by the models that they are in', async () => {
    const conv = { filters: 1, kernel_size: [1, 1], use_bias: false };
    const inner = (name: string, from: string) => ({
      ...functional([layer('Conv2D', 'conv', 'image', conv)], 'conv', name),
      name,
      inbound_nodes: [[[from, 0, 0, {}]]],
    });
    const topology = functional(
      [
        inner('a', 'image'),
        { ...inner('b', 'a'), inbound_nodes: [[['a', 1, 0, {}]]] },
        layer('Flatten', 'flat', [[['b', 1, 0, {}]]]),
      ],
      'flat',
    );
    const weights = [
      { name: 'b/conv/kernel', shape: [1, 1, 1, 1], from: 2 },
      { name: 'a/conv/kernel', shape: [1, 1, 1, 1], from: 3 },
    ];
    assert.deepEqual(
      normalize(topology, weights)
        .weightSpecs.map(({ name }) => name)
        .sort(),
      ['b_conv/kernel', 'conv/kernel'],
    );
    assert.deepEqual(await outputs(topology, weights, [2, 2, 1]), [0.06, 0.06, 0.06, 0.06]);
  });

  it('finds the weights of a .keras file that was converted, by name and by class', async () => {
    const conv = { filters: 1, kernel_size: [1, 1] };
    const topology = flat(
      layer('Conv2D', 'left', 'image', conv),
      layer('Conv2D', 'right', 'left', conv),
    );
    for (const [left, right] of [
      ['left', 'right'],
      ['conv2d', 'conv2d_1'],
    ]) {
      const weights = [left, right].flatMap((name, index) => [
        {
          name: `_layer_checkpoint_dependencies/${name}/vars/0`,
          shape: [1, 1, 1, 1],
          from: 2 + index,
        },
        { name: `_layer_checkpoint_dependencies/${name}/vars/1`, shape: [1], from: 1 },
      ]);
      // (1 · 0.2 + 0.1) · 0.3 + 0.1
      assert.deepEqual(await outputs(topology, weights, [2, 2, 1]), [0.19, 0.19, 0.19, 0.19]);
    }
  });

  it('reads sequential models, of Keras 1 too, whose first layer says the size of images', async () => {
    const layers = [
      { class_name: 'ReLU', config: { name: 'relu', batch_input_shape: [null, 2, 2, 1] } },
      { class_name: 'Flatten', config: { name: 'flat' } },
    ];
    for (const config of [layers, { name: 'net', layers }]) {
      const topology = { class_name: 'Sequential', config };
      assert.deepEqual(await outputs(topology, [], [2, 2, 1]), [1, 1, 1, 1]);
    }
  });

  it('reads models of an open size for the published networks’ size, and says so', () => {
    const open = {
      ...INPUT,
      config: { ...INPUT.config, batch_input_shape: [null, null, null, 3] },
    };
    const { config } = functional([layer('ReLU', 'relu', 'image')], 'relu') as { config: Json };
    const topology = {
      class_name: 'Model',
      config: { ...config, layers: [open, layer('ReLU', 'relu', 'image')] },
    };
    assert.match(
      normalize(topology).notes.join(),
      /leaves the size of its images open: it is read for 224 × 224/,
    );
  });

  it('says what the network takes pixels for', () => {
    const scaled = (scale: unknown, offset: unknown) =>
      normalize(
        flat(
          layer('Rescaling', 'scaled', 'image', { scale, offset }),
          layer('ReLU', 'relu', 'scaled'),
        ),
      );
    assert.deepEqual(scaled(1 / 255, 0).range, { min: 0, max: 1 });
    assert.deepEqual(scaled(1 / 127.5, -1).range, { min: -1, max: 1 });
    assert.deepEqual(scaled([2], [-1]).range, { min: -1, max: 1 });
    assert.equal(scaled(1, 0).range, undefined);
    assert.equal(normalize(flat(layer('ReLU', 'relu', 'image'))).range, undefined);
    // Dark for light: images stay pixels.
    const inverted = scaled(-1 / 255, 1);
    assert.deepEqual(inverted.range, { min: 0, max: 255 });
    assert.deepEqual(
      inverted.weightSpecs.map(({ name }) => name),
      ['image_scaled/depthwise_kernel', 'image_scaled/bias'],
    );
  });

  it('refuses by name what is called, made or named as nothing is here', () => {
    const relu = layer('ReLU', 'relu', 'image');
    const named = (layers: Json) => flat(layers);
    refuses(
      named(layer('Lambda', 'mine', 'image', { function: 'x' })),
      /^TF8 does not support mine \(Lambda\) of model\.json: its function is code in Python, which is not run/,
    );
    refuses(
      named({ ...relu, module: 'my.layers' }),
      /^TF8 does not support relu \(ReLU\) .*: its class is one of its own \(my\.layers\), not Keras'$/,
    );
    refuses(
      named({ ...relu, registered_name: 'Mine>ReLU' }),
      /its class is one of its own \(Mine>ReLU\)/,
    );
    refuses(
      named({ ...relu, twist: 1 }),
      /^Expected no field "twist" beside the configuration of relu \(ReLU\)/,
    );
    refuses(
      named(layer('ReLU', 'relu', [[['image', 0, 0, { mask: 1 }]]])),
      /TF8 does not support relu \(ReLU\) .*: it is called with mask$/,
    );
    refuses(
      named(layer('TFOpLambda', 'sine', [['image', 0, 0, {}]], { function: 'math.sin' })),
      /TF8 does not support sine \(TFOpLambda\) .*: the operation math\.sin/,
    );
    refuses(
      named(layer('Activation', 'a', 'image', { activation: 'glu' })),
      /its activation is glu; it has linear, relu, relu6/,
    );
    refuses(
      {
        keras_version: '3.1.0',
        model_config: named(layer('Activation', 'a', 'image', { activation: 'hard_shrink' })),
      },
      /its activation is hard_shrink/,
    );
    refuses(
      named(layer('ReLU', 'relu', 'image', { dtype: 'int8_from_float32' })),
      /its dtype is int8_from_float32/,
    );
    refuses(
      named(layer('BatchNormalization', 'bn', 'image', { axis: [1, 2] })),
      /bn \(BatchNormalization\) .*: its axis is \[1,2\]; it has one/,
    );
    refuses(
      named(
        layer('DepthwiseConv2D', 'grouped', 'image', {
          depth_multiplier: 2,
          kernel_size: [1, 1],
          groups: 2,
        }),
      ),
      /grouped \(DepthwiseConv2D\) .*: its groups is 2; it has 1/,
    );
    refuses(
      { class_name: 'Functional', config: { ...(flat(relu).config as Json), twist: 1 } },
      /^Expected no field "twist" in the configuration of the model net \(Functional\)/,
    );
  });

  it('refuses topologies that have no end or no order', () => {
    const relu = (name: string, from: string) => layer('ReLU', name, from);
    refuses(
      flat(relu('a', 'nowhere')),
      /"a" takes its input from "nowhere": there is no such layer$/,
    );
    refuses(
      flat(relu('a', 'b'), relu('b', 'a')),
      /"a" takes its input from "b": "b" waits for it in turn$/,
    );
    refuses(
      flat(relu('a', 'image'), relu('a', 'image')),
      /Expected one layer "a" in model\.json but received two/,
    );
    refuses(
      functional([relu('a', 'image')], 'b'),
      /Expected the output "b" of net .* no such layer/,
    );
    let nested = functional([relu('a', 'image')], 'a', 'm0');
    for (let depth = 1; depth < 40; depth++) {
      const inner = { ...nested, name: `m${depth - 1}`, inbound_nodes: [[['image', 0, 0, {}]]] };
      nested = functional([inner], `m${depth - 1}`, `m${depth}`);
    }
    refuses(nested, /Expected models at most 32 deep/);
    // Each model calls the one inside of it twice.
    let doubled = functional([relu('a', 'image')], 'a', 'm0');
    for (let depth = 1; depth < 20; depth++) {
      const name = `m${depth - 1}`;
      const inner = {
        ...doubled,
        name,
        inbound_nodes: [[['image', 0, 0, {}]], [[name, 1, 0, {}]]],
      };
      const outer = functional([inner], name, `m${depth}`) as { config: Json };
      doubled = {
        class_name: 'Functional',
        config: { ...outer.config, output_layers: [[name, 2, 0]] },
      };
    }
    refuses(doubled, /Expected at most 5000 calls of layers/);
    for (const broken of [null, [], 'x', {}, { model_config: 3 }, { class_name: 'Model' }]) {
      refuses(broken, /^Expected /);
    }
  });
});
