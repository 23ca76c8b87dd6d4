import type * as tf from '@tensorflow/tfjs';
import { GraphError } from './errors.ts';
import { type FloatGraph, floatGraph } from './float_graph.ts';
import type { FloatNode } from './float_node.ts';
import { nodeOf } from './keras_classes.ts';
import { extremeNodes } from './keras_extremes.ts';
import { type KerasLayer, requireChannelsLast } from './keras_layer.ts';
import type { Shape } from './shape.ts';

/** The parts of Keras' functional configuration that are read here. */
interface FunctionalConfig {
  readonly layers: readonly LayerConfig[];
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
 * copied; the model is left as it was.
 * @throws GraphError for several inputs, a layer used twice, or a weight that is not finite;
 *   UnsupportedLayerError naming a layer that the graph has no operation for
 */
export function readLayersModel(model: tf.LayersModel): FloatGraph {
  if (model.inputs.length !== 1) {
    throw new GraphError(
      `Expected one input in ${model.name} but received ${model.inputs.length}: ${model.inputNames.join(', ')}`,
    );
  }
  // By layer: the node that makes its output.
  const made = new Map<string, { readonly node: string; readonly shape: Shape }>();
  const nodes: FloatNode[] = [];
  let input: FloatGraph['input'] | undefined;
  for (const { layer, description } of describedLayers(model)) {
    const { name } = layer;
    const { class_name: className, config, inbound_nodes: calls } = description;
    const shape = outputShape(layer);
    if (className === 'InputLayer') {
      input = { name, shape };
      made.set(name, { node: name, shape });
      continue;
    }
    const sources = calls[0].map(([from]) => made.get(from)!);
    const keras: KerasLayer = {
      name,
      className,
      config,
      inputs: sources.map(({ node }) => node),
      inputShapes: sources.map((source) => source.shape),
      outputShape: shape,
      weights: weightsOf(layer),
    };
    requireChannelsLast(keras);
    const own = nodesOf(keras);
    nodes.push(...own);
    made.set(name, { node: own.at(-1)!.name, shape });
  }
  return floatGraph({
    name: model.name,
    input: input!,
    nodes,
    outputs: model.outputLayers.map((layer) => made.get(layer.name)!.node),
  });
}

/** In execution order. */
function describedLayers(model: tf.LayersModel): DescribedLayer[] {
  const { config } = model.toJSON(null, false) as unknown as { config: FunctionalConfig };
  if (config.layers.some((layer) => layer.inbound_nodes === undefined)) {
    throw new GraphError(`Expected a functional model but ${model.name} is sequential`, {
      remedy: 'Build it with tf.model({inputs, outputs}).',
    });
  }
  const descriptions = new Map(config.layers.map((layer) => [layer.name, layer]));
  return model.layers.map((layer) => {
    const description = descriptions.get(layer.name)!;
    if (description.inbound_nodes.length > 1) {
      throw new GraphError(`Expected every layer to be used once but ${layer.name} is shared`);
    }
    return { layer, description };
  });
}

function nodesOf(layer: KerasLayer): FloatNode[] {
  const isExtreme = layer.className === 'Maximum' || layer.className === 'Minimum';
  return isExtreme ? extremeNodes(layer) : withSoftmax(nodeOf(layer), layer);
}

/** The layer's node, and behind it a softmax that it brings along. */
function withSoftmax(node: FloatNode, { name, className, config }: KerasLayer): FloatNode[] {
  if (node.op === 'softmax' || config.activation !== 'softmax') return [node];
  return [node, { op: 'softmax', name: `${name}/softmax`, inputs: [name], className }];
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
function outputShape(layer: tf.layers.Layer): Shape {
  const sides = (layer.outputShape as (number | null)[]).slice(1);
  const shape = sides.filter((side) => side !== null);
  if (shape.length === sides.length) return shape;
  throw new GraphError(
    `Expected fixed image sizes but the output of ${layer.name} is [${sides.map((side) => side ?? '?')}]`,
    { remedy: 'Build the model for one resolution.' },
  );
}
