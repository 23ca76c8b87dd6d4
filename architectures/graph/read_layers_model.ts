import type * as tf from '@tensorflow/tfjs';
import { GraphError } from './errors.ts';
import { type FloatGraph, floatGraph } from './float_graph.ts';
import type { FloatNode } from './float_node.ts';
import { nodeOf } from './keras_classes.ts';
import { type KerasLayer, requireChannelsLast } from './keras_layer.ts';
import { severalNodes } from './keras_several.ts';
import type { Shape } from './shape.ts';

/** The parts of Keras' functional configuration that are read here. */
interface FunctionalConfig {
  readonly layers: readonly LayerConfig[];
  readonly output_layers: readonly (readonly [string, number, number])[];
}

interface LayerConfig {
  readonly class_name: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes: readonly (readonly (readonly [string, number, number, unknown])[])[];
}

/** A layer of TensorFlow.js, and what Keras' configuration says of it. */
interface DescribedLayer {
  readonly layer: tf.layers.Layer;
  readonly description: LayerConfig;
}

/**
 * A functional LayersModel with one input as a float graph: what it computes in inference. Weights are
 * copied; the model is left as it was. A layer that is called several times is as many nodes: the first by
 * its name, then name/2, name/3 …
 * @throws GraphError for several inputs or a weight that is not finite; UnsupportedLayerError naming a
 *   layer that the graph has no operation for
 */
export function readLayersModel(model: tf.LayersModel): FloatGraph {
  if (model.inputs.length !== 1) {
    throw new GraphError(
      `Expected one input in ${model.name} but received ${model.inputs.length}: ${model.inputNames.join(', ')}`,
    );
  }
  const made = new Map<string, Made>();
  const weights = new Map<tf.layers.Layer, KerasLayer['weights']>();
  const nodes: FloatNode[] = [];
  let input: FloatGraph['input'] | undefined;
  const { layers, outputs } = describedLayers(model);
  for (const { layer, description } of layers) {
    if (description.class_name !== 'InputLayer') continue;
    input = { name: layer.name, shape: outputShape(layer, 0, 1) };
    made.set(callName(layer.name, 0), { node: layer.name, shape: input.shape });
  }
  for (const { layer, description, call } of inOrder(layers)) {
    const { class_name: className, config, inbound_nodes: calls } = description;
    const shape = outputShape(layer, call, calls.length);
    if (!weights.has(layer)) weights.set(layer, weightsOf(layer));
    const sources = calls[call].map(([from, index]) => made.get(callName(from, index))!);
    const keras: KerasLayer = {
      name: call === 0 ? layer.name : `${layer.name}/${call + 1}`,
      className,
      config,
      inputs: sources.map(({ node }) => node),
      inputShapes: sources.map((source) => source.shape),
      outputShape: shape,
      weights: weights.get(layer)!,
    };
    requireChannelsLast(keras);
    const own = nodesOf(keras);
    nodes.push(...own);
    made.set(callName(layer.name, call), { node: own.at(-1)!.name, shape });
  }
  return floatGraph({
    name: model.name,
    input: input!,
    nodes,
    outputs: outputs.map(([layer, call]) => made.get(callName(layer, call))!.node),
  });
}

/** A call of a layer: the node that makes its output. */
interface Made {
  readonly node: string;
  readonly shape: Shape;
}

function callName(layer: string, call: number): string {
  return JSON.stringify([layer, call]);
}

/** By the model's order of layers, those that are called several times too. */
function describedLayers(model: tf.LayersModel): {
  readonly layers: DescribedLayer[];
  readonly outputs: FunctionalConfig['output_layers'];
} {
  const { config } = model.toJSON(null, false) as unknown as { config: FunctionalConfig };
  if (config.layers.some((layer) => layer.inbound_nodes === undefined)) {
    throw new GraphError(`Expected a functional model but ${model.name} is sequential`, {
      remedy: 'Build it with tf.model({inputs, outputs}).',
    });
  }
  const descriptions = new Map(config.layers.map((layer) => [layer.name, layer]));
  const layers = model.layers.map((layer) => ({
    layer,
    description: descriptions.get(layer.name)!,
  }));
  return { layers, outputs: config.output_layers };
}

/** Each call behind what it reads. */
function inOrder(layers: readonly DescribedLayer[]): (DescribedLayer & { call: number })[] {
  const done = new Set<string>();
  const ordered: (DescribedLayer & { call: number })[] = [];
  let left = layers.flatMap((described) => {
    const { layer, description } = described;
    if (description.class_name === 'InputLayer') done.add(callName(layer.name, 0));
    return description.inbound_nodes.map((_, call) => ({ ...described, call }));
  });
  for (let before = Infinity; left.length > 0 && left.length < before; ) {
    before = left.length;
    left = left.filter((one) => {
      const { layer, description, call } = one;
      const isReady = description.inbound_nodes[call].every(([from, index]) =>
        done.has(callName(from, index)),
      );
      if (!isReady) return true;
      done.add(callName(layer.name, call));
      ordered.push(one);
      return false;
    });
  }
  return ordered;
}

function nodesOf(layer: KerasLayer): FloatNode[] {
  return withSoftmax(severalNodes(layer) ?? [nodeOf(layer)], layer);
}

/** The layer's nodes, and behind them a softmax that it brings along. */
function withSoftmax(nodes: FloatNode[], { name, className, config }: KerasLayer): FloatNode[] {
  if (nodes.at(-1)!.op === 'softmax' || config.activation !== 'softmax') return nodes;
  return [...nodes, { op: 'softmax', name: `${name}/softmax`, inputs: [name], className }];
}

function weightsOf(layer: tf.layers.Layer): KerasLayer['weights'] {
  return layer.getWeights().map((tensor, index) => {
    const data = tensor.dataSync() as Float32Array;
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new GraphError(
        `Expected finite weights but ${layer.weights[index].originalName} has ${data[bad]} at position ${bad}`,
      );
    }
    return { shape: tensor.shape, data: Float32Array.from(data) };
  });
}

/** Of one image. */
function outputShape(layer: tf.layers.Layer, call: number, calls: number): Shape {
  const whole = calls > 1 ? [layer.getOutputAt(call)].flat()[0].shape : layer.outputShape;
  const sides = (whole as (number | null)[]).slice(1);
  const shape = sides.filter((side) => side !== null);
  if (shape.length === sides.length) return shape;
  throw new GraphError(
    `Expected fixed image sizes but the output of ${layer.name} is [${sides.map((side) => side ?? '?')}]`,
    { remedy: 'Build the model for one resolution.' },
  );
}
