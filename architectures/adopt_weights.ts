import * as tf from '@tensorflow/tfjs';
import { BATCH_NORM_EPSILON, batchNormOf, type ConvLayer } from './conv_layer.ts';
import type { FloatGraph } from './graph/float_graph.ts';
import { type FloatWeightedNode, isWeightedFloat } from './graph/float_node.ts';
import { isSameShape, type Shape } from './graph/shape.ts';
import { buildNetwork, layersOf, type NetworkConfig } from './network.ts';
import { convolutionsOf } from './network_layers.ts';

export interface AdoptedNetwork {
  readonly model: tf.LayersModel;
  /** Layers whose batch norm changes nothing: that of the graph is folded into its weights. */
  readonly foldedBatchNorms: readonly string[];
}

/**
 * A network with the weights of a graph whose layers are called otherwise, taken in order of execution, which
 * is one and the same where layers follow one another.
 * Whether it computes what the graph does is for the caller to find out: kernels tell nothing of strides,
 * padding and activations.
 * @param graph with its batch norms folded, and nothing but layers with weights that has any
 * @returns undefined where the graph has other kernels
 */
export function adoptWeights(graph: FloatGraph, config: NetworkConfig): AdoptedNetwork | undefined {
  const nodes = graph.nodes.filter(isWeightedFloat);
  const layers = convolutionsOf(layersOf(config));
  if (nodes.length !== layers.length) return undefined;
  if (!layers.every((layer, index) => isOfLayer(nodes[index], layer))) return undefined;
  const model = buildNetwork(config);
  for (const [index, layer] of layers.entries()) setWeights(model, layer, nodes[index]);
  const foldedBatchNorms = layers.filter(({ batchNorm }) => batchNorm).map(({ name }) => name);
  return { model, foldedBatchNorms };
}

function kernelShapeOf({ kind, kernel, inputShape, outputShape }: ConvLayer): Shape {
  return [...kernel, inputShape[2], kind === 'depthwise' ? 1 : outputShape[2]];
}

function isOfLayer({ op, kernelShape }: FloatWeightedNode, layer: ConvLayer): boolean {
  const isDepthwise = op === 'depthwiseConv2d';
  return (
    isDepthwise === (layer.kind === 'depthwise') && isSameShape(kernelShape, kernelShapeOf(layer))
  );
}

function setWeights(model: tf.LayersModel, layer: ConvLayer, node: FloatWeightedNode): void {
  const { name, bias, batchNorm, batchNormScale, batchNormEpsilon = BATCH_NORM_EPSILON } = layer;
  tf.tidy(() => {
    const kernel = tf.tensor(node.kernel, [...kernelShapeOf(layer)]);
    const offset = tf.tensor1d(node.bias);
    model.getLayer(name).setWeights(bias ? [kernel, offset] : [kernel]);
    if (!batchNorm) return;
    const zeros = tf.zerosLike(offset);
    // σ² + ε = 1
    const variance = tf.fill(offset.shape, 1 - batchNormEpsilon);
    const scale = batchNormScale ? [tf.onesLike(offset)] : [];
    model.getLayer(batchNormOf(name)).setWeights([...scale, offset, zeros, variance]);
  });
}
