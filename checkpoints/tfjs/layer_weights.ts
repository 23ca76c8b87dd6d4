/** The weights of a model.json by the layers that have them, whatever its writer called them. */
import * as tf from '@tensorflow/tfjs';
import { readValues } from '../../architectures/graph/read_values.ts';
import { messageOf } from '../../foundation/errors.ts';
import type { FlatLayer, FlatNetwork } from './flat_network.ts';
import { byteLength, damagedModel, type WeightsManifest } from './weights_manifest.ts';

export type WeightSpec = WeightsManifest[number]['weights'][number];

/** A tensor as its file has it. */
export interface StoredWeight {
  readonly spec: WeightSpec;
  readonly bytes: Uint8Array;
}

interface TokenizedWeight extends StoredWeight {
  /** Of its name, between slashes. */
  readonly tokens: readonly string[];
}

/** No layer has this name. */
const NO_LAYER = '/';

/** Names of a layer's weights in the order of `layer.getWeights()`, by its class. */
const WEIGHTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['Conv2D', ['kernel', 'bias']],
  ['Conv2DTranspose', ['kernel', 'bias']],
  ['Dense', ['kernel', 'bias']],
  ['DepthwiseConv2D', ['depthwise_kernel', 'bias']],
  ['SeparableConv2D', ['depthwise_kernel', 'pointwise_kernel', 'bias']],
  ['BatchNormalization', ['gamma', 'beta', 'moving_mean', 'moving_variance']],
  ['BatchNormalizationV1', ['gamma', 'beta', 'moving_mean', 'moving_variance']],
  ['BatchNormalizationV2', ['gamma', 'beta', 'moving_mean', 'moving_variance']],
  ['SyncBatchNormalization', ['gamma', 'beta', 'moving_mean', 'moving_variance']],
  ['LayerNormalization', ['gamma', 'beta']],
  ['PReLU', ['alpha']],
  ['Normalization', ['mean', 'variance', 'count']],
]);

/** A field of a layer that is false where it lacks a weight. */
const ABSENT_BY: Readonly<Record<string, string>> = {
  bias: 'use_bias',
  gamma: 'scale',
  beta: 'center',
};

/** What Keras 3 calls some of them. */
const ALIASES: Readonly<Record<string, readonly string[]>> = { depthwise_kernel: ['kernel'] };

/** State of training and of random layers, which no network computes with. */
const STATE = /(^|\/)(seed_generator(_state)?|state_var|iteration|learning_rate|optimizer)(\/|_|$)/;

/** The weights of a layer that are there, in the order of `layer.getWeights()`. */
export function weightNames({
  className,
  config,
  calls,
}: Pick<FlatLayer, 'className' | 'config' | 'calls'>): readonly string[] {
  const names = calls.length === 0 ? [] : (WEIGHTS.get(className) ?? []);
  if (className === 'Normalization' && config.mean) return [];
  return names.filter((name) => config[ABSENT_BY[name] ?? ''] !== false);
}

/** The weights of a model.json, whose shards hold one after the other. */
export function splitWeights(specs: readonly WeightSpec[], data: Uint8Array): StoredWeight[] {
  let offset = 0;
  return specs.map((spec) => {
    const start = offset;
    offset += byteLength(spec);
    return { spec, bytes: data.subarray(start, offset) };
  });
}

/**
 * Names weights "layer/weight" by the layers of the flat network. What belongs to no layer keeps its name;
 * what only training knows is left out.
 */
export function nameWeights(
  { layers }: FlatNetwork,
  weights: readonly StoredWeight[],
): StoredWeight[] {
  const stored = weights.map(({ spec, bytes }): TokenizedWeight => {
    const tokens = spec.name.replace(/:0$/, '').split(/[/\\]/);
    return { spec, tokens, bytes };
  });
  const names = new Map<StoredWeight, string>();
  // "layer/weight"; Keras 2 names the weights of its Normalization without the layer.
  const byLayer = groupedByLayer(layers, stored);
  const byName = new Map(stored.map((weight) => [weight.tokens.join('/'), weight]));
  const byVariables = variablePaths(layers, stored);
  for (const layer of layers) {
    weightNames(layer).forEach((name, position) => {
      const own = byLayer.get(layer.ownName) ?? [];
      const loose = layer.className === 'Normalization' ? (byLayer.get(NO_LAYER) ?? []) : [];
      const variable = byName.get(`${byVariables.get(layer)}/vars/${position}`);
      const known = [name, ...(ALIASES[name] ?? [])];
      const candidates = [
        ...[...own, ...loose].filter(({ tokens }) => known.includes(tokens.at(-1)!)),
        ...(variable === undefined ? [] : [variable]),
      ].filter((weight) => !names.has(weight));
      const likeness = ({ tokens }: TokenizedWeight) =>
        layer.models.filter((model) => tokens.includes(model)).length;
      // Of one name in several models, that of ours; else in the order of the file.
      const [best] = candidates.toSorted((a, b) => likeness(b) - likeness(a));
      if (best !== undefined) names.set(best, `${layer.name}/${name}`);
    });
  }
  return stored
    .filter((weight) => {
      if (names.has(weight)) return true;
      return weight.spec.group !== 'optimizer' && !STATE.test(weight.tokens.join('/'));
    })
    .map((weight) => {
      const name = names.get(weight) ?? weight.spec.name;
      return { spec: { ...weight.spec, name }, bytes: weight.bytes };
    });
}

/**
 * Weights by the own names of layers, the longest that their paths end with: a layer "block/Conv_1" may
 * stand beside a layer "Conv_1".
 */
function groupedByLayer(
  layers: readonly FlatLayer[],
  stored: readonly TokenizedWeight[],
): Map<string, TokenizedWeight[]> {
  const owners = new Set(layers.map(({ ownName }) => ownName));
  return grouped(stored, ({ tokens }) => {
    const path = tokens.slice(0, -1);
    const ends = path.map((_, start) => path.slice(start).join('/'));
    return ends.find((end) => owners.has(end)) ?? path.at(-1) ?? NO_LAYER;
  });
}

/**
 * Where a .keras file that was converted keeps each layer's variables: "layers/conv1", or by class and
 * number, "layers/conv2d_1", where its layers' names are not there.
 */
function variablePaths(
  layers: readonly FlatLayer[],
  stored: readonly TokenizedWeight[],
): ReadonlyMap<FlatLayer, string> {
  const paths = new Set(
    stored
      .filter(({ tokens }) => tokens.at(-2) === 'vars')
      .map(({ tokens }) => tokens.slice(0, -2).join('/')),
  );
  const found = new Map<FlatLayer, string>();
  if (paths.size === 0) return found;
  const byEnd = grouped(paths, (path) => path.split('/').at(-1)!);
  const weighted = layers.filter((layer) => weightNames(layer).length > 0);
  const pathTo = (name: string, models: readonly string[]) =>
    (byEnd.get(name) ?? []).filter((path) => {
      const tokens = path.split('/');
      return models.every((model) => tokens.includes(model));
    });
  const isNamed = weighted.every(({ ownName, models }) => pathTo(ownName, models).length > 0);
  const counts = new Map<string, number>();
  for (const layer of layers) {
    const base = classPath(layer.className);
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    const name = isNamed ? layer.ownName : count === 0 ? base : `${base}_${count}`;
    const [path] = pathTo(name, isNamed ? layer.models : []);
    if (path !== undefined) found.set(layer, path);
  }
  return found;
}

function grouped<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [item]);
    else known.push(item);
  }
  return groups;
}

/** "conv2d" of Conv2D, "batch_normalization" of BatchNormalization. */
export function classPath(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** The numbers of a weight, those that tfjs quantized for storage too. */
export function valuesOf({ spec, bytes }: StoredWeight, path: string): Float32Array {
  try {
    const [values] = readValues(() => [
      tf.io.decodeWeights(Uint8Array.from(bytes).buffer, [spec])[spec.name],
    ]);
    return values;
  } catch (error) {
    throw damagedModel(
      `Expected weights that can be read in ${path} but: ${messageOf(error)}`,
      error,
    );
  }
}

/** A weight of numbers that were computed here. */
export function weightOf(
  name: string,
  shape: readonly number[],
  values: Float32Array,
): StoredWeight {
  return {
    spec: { name, shape: [...shape], dtype: 'float32' },
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}
