import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import '../../../architectures/hard_activations.ts';
import { elements } from '../../../architectures/graph/shape.ts';
import { buildNetwork, type NetworkConfig } from '../../../architectures/network.ts';
import { type QuantizedGraph, quantizeGraph } from '../../../quantize/convert/quantize_graph.ts';
import { INPUT_WEIGHTED, type Recipe } from '../../../quantize/convert/recipe.ts';
import { planOn } from '../../../quantize/execute/plan_on.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import { type Tf8Model, tensorNames } from '../../../quantize/model/tf8_model.ts';
import { compile } from '../../../training/compile/compile.ts';
import {
  QuantizedNetwork,
  type QuantizedTraining,
} from '../../../training/quantized/quantized_network.ts';
import { randomizeBatchNorms } from '../../architectures/support.ts';
import { chain, type Layers, someImages } from '../../quantize/convert/support.ts';

export const LEARNED = { ranges: 'learned', freezeAfter: 1, dampening: 0 } as const;

/** A network with made-up weights and what a recipe makes of it, calibrated on noise. */
export async function startOf(
  config: NetworkConfig,
  recipe: Recipe = INPUT_WEIGHTED,
): Promise<QuantizedGraph> {
  const model = buildNetwork(config, { seed: 3 });
  randomizeBatchNorms(model);
  try {
    return await startOfModel(model, recipe);
  } finally {
    model.dispose();
  }
}

/** The same of a network that is given. */
export async function startOfModel(
  model: tf.LayersModel,
  recipe: Recipe = INPUT_WEIGHTED,
): Promise<QuantizedGraph> {
  return startOfGraph(readLayersModel(model), recipe);
}

/** The same of a float graph. @param softmax whether it ends in probabilities */
export async function startOfGraph(
  graph: FloatGraph,
  recipe: Recipe = INPUT_WEIGHTED,
  softmax = false,
): Promise<QuantizedGraph> {
  const images = someImages(8, graph.input.shape);
  const [height, width, channels] = graph.input.shape;
  async function* batches() {
    yield { images, shape: [8, height, width, channels] as const };
  }
  return quantizeGraph(graph, recipe, batches, {
    inputRange: { min: -1, max: 1 },
    kernels: selectKernels('auto').kernels,
    softmax,
    labelOffset: 0,
    classNames: [],
    provenance: { floatModel: 'made up', floatWeightsSha256: '', calibrationData: 'noise' },
  });
}

type Layer = tf.layers.Layer;

const pointwise = (filters: number) => tf.layers.conv2d({ filters, kernelSize: 1, useBias: false });
const depthwise = (strides: number, kernelSize = 3) =>
  tf.layers.depthwiseConv2d({ kernelSize, strides, padding: 'same', useBias: false });
const norm = () => tf.layers.batchNormalization();
const relu6 = () => tf.layers.reLU({ maxValue: 6 });
const hardSwish = () => tf.layers.activation({ activation: 'hardSwish' as 'relu' });
const stem = () =>
  tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', useBias: false });
const head = (): Layer[] => [tf.layers.globalAveragePooling2d({}), tf.layers.dense({ units: 5 })];

/** The least network that has a layer of each kind, [H, W, 3] → [5]. */
export const TINY: Layers = (x) =>
  chain(...[stem(), norm(), relu6(), depthwise(2), norm(), relu6()], ...head())(x);

/** A few layers of each family, [12, 12, 3] → [5]. */
export const FAMILIES = {
  MobileNetV1: (x) =>
    chain(
      ...[stem(), norm(), relu6()],
      ...[depthwise(1), norm(), relu6(), pointwise(12), norm(), relu6()],
      ...[depthwise(2), norm(), relu6(), pointwise(16), norm(), relu6()],
      ...head(),
    )(x),
  MobileNetV2: (x) => {
    const block = chain(
      ...[pointwise(24), norm(), relu6(), depthwise(1), norm(), relu6(), pointwise(8), norm()],
    );
    const first = chain(stem(), norm(), relu6(), pointwise(8), norm())(x);
    const sum = tf.layers.add().apply([first, block(first)]) as tf.SymbolicTensor;
    return chain(...head())(sum);
  },
  'MobileNetV3, with squeeze-and-excite and hard swish': (x) => {
    const expanded = chain(
      ...[stem(), norm(), hardSwish(), pointwise(16), norm(), hardSwish()],
      ...[depthwise(1, 5), norm(), hardSwish()],
    )(x);
    const gate = chain(
      tf.layers.globalAveragePooling2d({}),
      tf.layers.reshape({ targetShape: [1, 1, 16] }),
      tf.layers.conv2d({ filters: 4, kernelSize: 1, activation: 'relu' }),
      tf.layers.conv2d({ filters: 16, kernelSize: 1, activation: 'hardSigmoid6' as 'relu' }),
    )(expanded);
    const excited = tf.layers.multiply().apply([expanded, gate]) as tf.SymbolicTensor;
    return chain(pointwise(8), norm(), ...head())(excited);
  },
} satisfies Record<string, Layers>;

/** Moves every trained variable by shares of itself, as steps of training would. */
function shake(network: QuantizedNetwork, share: number): void {
  tf.tidy(() => {
    let seed = 1;
    for (const [name, variable] of network.trained) {
      const noise = tf.randomUniform(variable.shape, -share, share, 'float32', seed++);
      const moved = name.endsWith('/change') ? noise : variable.mul(noise.add(1));
      variable.assign(moved);
    }
  });
}

/** Fails at the first tensor of which the graph has other bytes than the executor. */
export function assertSameBytes(
  bytes: tf.NamedTensorMap,
  model: Tf8Model,
  images: Float32Array,
): void {
  const names = tensorNames(model);
  using plan = planOn(model, { outputs: names });
  const expected = plan.run(images);
  for (const name of names) {
    const received = bytes[name].dataSync();
    const own = expected.get(name)!;
    assert.equal(received.length, own.length, name);
    const differing = own.reduce((sum, byte, i) => sum + (byte === received[i] ? 0 : 1), 0);
    assert.equal(differing, 0, `${differing} of ${own.length} bytes of ${name}`);
  }
}

/** Images that are compared. */
const COUNT = 4;

/** Compares all bytes of both kinds of graph with the executor's, at the start and after changes. */
export function assertExact(
  { graph, model }: Pick<QuantizedGraph, 'graph' | 'model'>,
  images = someImages(COUNT, graph.input.shape, 11),
  rules: QuantizedTraining = LEARNED,
): void {
  const count = images.length / elements(graph.input.shape);
  const network = new QuantizedNetwork(graph, model, rules);
  const inputs = { images: tf.tensor(images, [count, ...graph.input.shape]) };
  const compiled = compile(({ images: given }) => network.bytes(given));
  try {
    const steps = [
      () => {},
      // Ranges that are used are those of the last step.
      () => {
        shake(network, 0.2);
        tf.tidy(() => network.train(inputs.images, { progress: tf.scalar(0) }));
      },
    ];
    for (const change of steps) {
      change();
      const stored = network.tf8Model();
      const eager = tf.tidy(() => network.bytes(inputs.images));
      assertSameBytes(eager, stored, images);
      tf.dispose(eager);
    }
    const outputs = compiled.call(inputs);
    assertSameBytes(outputs, network.tf8Model(), images);
    tf.dispose(outputs);
  } finally {
    compiled.dispose();
    network.dispose();
    inputs.images.dispose();
  }
}
