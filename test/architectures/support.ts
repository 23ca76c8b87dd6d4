import * as tf from '@tensorflow/tfjs';
import type { BuildOptions } from '../../architectures/build_layers.ts';
import { buildLayers } from '../../architectures/build_network.ts';
import { convLayers, type MobileNetV1Config } from '../../architectures/mobilenet_v1.ts';
import { chainOf } from '../../architectures/network_layers.ts';
import { networkNamed } from '../../architectures/registry.ts';

/** The smallest network: every layer but the last few has the minimum of 8 filters. */
export const TINY = { widthMultiplier: 0.02, resolution: 32, classes: 5 };

/** The first, core layers of either stride, the last, and the logits. */
const SHORT = /^Conv2d_(?:0|1|2|12|13|1c)(?:_|$)/;

/**
 * A MobileNetV1 with 4 of its 13 core layers, by the names that they have in the whole one: every kind of
 * layer that a step meets, and a third of what libtensorflow has to compile.
 */
export function buildShortMobileNetV1(
  config: MobileNetV1Config,
  options: BuildOptions = {},
): tf.LayersModel {
  const { resolution } = config;
  const { dropout, initialStddev } = networkNamed('mobilenet_v1');
  const layers = chainOf(convLayers(config).filter(({ name }) => SHORT.test(name)));
  const blueprint = { name: 'ShortMobilenetV1', resolution, layers, dropout, initialStddev };
  return buildLayers(blueprint, options);
}

/** The smallest InceptionV3: 16 to 44 filters in every layer, one pixel in the last modules. */
export const SMALL_INCEPTION = {
  network: 'inception_v3',
  widthMultiplier: 0.1,
  resolution: 75,
  classes: 5,
} as const;

/**
 * Gives every weight of a model made-up values that keep the activations alive: kernels in ±0.5,
 * γ and variances around 1, the others around 0. The same values at every run.
 */
export function randomizeWeights(model: tf.LayersModel): void {
  tf.tidy(() => {
    model.weights.forEach((variable, index) => {
      const positive = /(gamma|moving_variance)$/.test(variable.originalName);
      const [low, high] = positive ? [0.5, 1.5] : [-0.5, 0.5];
      variable.write(
        tf.randomUniform([...variable.shape] as number[], low, high, 'float32', index),
      );
    });
  });
}

/** [n, 32, 32, 3] in [−1, 1). */
export function someInput(n: number): tf.Tensor4D {
  return tf.randomUniform([n, TINY.resolution, TINY.resolution, 3], -1, 1, 'float32', 7);
}

/**
 * Gives batch norms and biases the made-up values of a trained network, and leaves the initial
 * kernels: a deep network keeps the size of its activations. The same values at every run.
 */
export function randomizeBatchNorms(model: tf.LayersModel): void {
  tf.tidy(() => {
    model.weights.forEach((variable, index) => {
      const { originalName } = variable;
      if (/kernel$/.test(originalName)) return;
      const [low, high] = /(gamma|variance)$/.test(originalName) ? [0.3, 1.5] : [-0.3, 0.3];
      variable.write(
        tf.randomUniform([...variable.shape] as number[], low, high, 'float32', index + 1),
      );
    });
  });
}

/** The values of a weight by its name (`Conv2d_0/kernel`). */
export function weightOf(model: tf.LayersModel, name: string): Float32Array {
  return variableOf(model, name).read().dataSync<'float32'>();
}

export function weightShape(model: tf.LayersModel, name: string): number[] {
  return [...variableOf(model, name).shape] as number[];
}

function variableOf(model: tf.LayersModel, name: string): tf.LayerVariable {
  const variable = model.weights.find(({ originalName }) => originalName === name);
  if (variable === undefined) throw new Error(`no weight ${name}`);
  return variable;
}

export function setWeight(model: tf.LayersModel, name: string, values: readonly number[]): void {
  const variable = variableOf(model, name);
  tf.tidy(() => {
    variable.write(tf.tensor([...values], [...variable.shape] as number[], 'float32'));
  });
}
