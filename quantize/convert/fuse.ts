import type * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import { absorbPadding } from '../../architectures/graph/passes/absorb_padding.ts';
import { arithmeticInPairs } from '../../architectures/graph/passes/arithmetic_in_pairs.ts';
import { batchNormsAsDepthwise } from '../../architectures/graph/passes/batch_norms_as_depthwise.ts';
import { composeFunctions } from '../../architectures/graph/passes/compose_functions.ts';
import { dropIdentities } from '../../architectures/graph/passes/drop_identities.ts';
import { dropReshapes } from '../../architectures/graph/passes/drop_reshapes.ts';
import { dropSoftmax } from '../../architectures/graph/passes/drop_softmax.ts';
import { dropUnread } from '../../architectures/graph/passes/drop_unread.ts';
import { endInSoftmax } from '../../architectures/graph/passes/end_in_softmax.ts';
import { foldBatchNorms } from '../../architectures/graph/passes/fold_batch_norms.ts';
import { foldBatchNormsForward } from '../../architectures/graph/passes/fold_batch_norms_forward.ts';
import { fuseActivations } from '../../architectures/graph/passes/fuse_activations.ts';
import { reductionsAsLayers } from '../../architectures/graph/passes/reductions_as_layers.ts';
import { replaceZeroVariance } from '../../architectures/graph/passes/replace_zero_variance.ts';
import { requantizeExtremes } from '../../architectures/graph/passes/requantize_extremes.ts';
import { separateActivations } from '../../architectures/graph/passes/separate_activations.ts';
import { vectorsAsImages } from '../../architectures/graph/passes/vectors_as_images.ts';
import { readLayersModel } from '../../architectures/graph/read_layers_model.ts';
import { withQuantizationErrors } from './graph_errors.ts';
import { requireTf8, tf8Activation } from './require_tf8.ts';

export interface FuseOptions {
  /** What to do with depthwise batch-norm channels of zero variance; see `replaceZeroVariance`. */
  readonly zeroVariance: ZeroVariancePolicy;
  /** Whether the network ends in probabilities rather than in logits. */
  readonly softmax?: boolean | undefined;
}

/** Whether an activation becomes a part of the layer that it follows; others are looked up in tables. */
function isPart(activation: Activation): boolean {
  return tf8Activation(activation) !== undefined;
}

/** The passes, in order: each gives the graph that the next one gets. */
function passesOf({
  zeroVariance,
  softmax = false,
}: FuseOptions): readonly ((graph: FloatGraph) => FloatGraph)[] {
  return [
    dropUnread,
    dropIdentities,
    reductionsAsLayers,
    vectorsAsImages,
    dropReshapes,
    softmax ? endInSoftmax : dropSoftmax,
    arithmeticInPairs,
    ...(zeroVariance === 'mean' ? [replaceZeroVariance] : []),
    foldBatchNorms,
    (graph) => separateActivations(graph, isPart),
    (graph) => fuseActivations(graph, isPart),
    (graph) => composeFunctions(graph),
    absorbPadding,
    foldBatchNormsForward,
    batchNormsAsDepthwise,
    absorbPadding,
    (graph) => fuseActivations(graph, isPart),
    (graph) => composeFunctions(graph, { alone: true }),
    requantizeExtremes,
  ];
}

/**
 * Folds batch norms, fuses activations and resolves padding: a network as TF8's operations in float.
 * Softmax at the end is left out (TF8 outputs logits) unless it is asked for; dropout and reshapes vanish.
 * @throws QuantizationError naming the layer that TF8 has no operation for
 */
export function fuseGraph(read: FloatGraph, options: FuseOptions): FloatGraph {
  return withQuantizationErrors(() => {
    const graph = fusedGraph(read, options);
    requireTf8(graph);
    return graph;
  });
}

/** What the passes make of a network, whatever TF8 has of it. */
export function fusedGraph(read: FloatGraph, options: FuseOptions): FloatGraph {
  return passesOf(options).reduce((network, pass) => pass(network), read);
}

/**
 * As `fuseGraph`, of a LayersModel.
 * @throws QuantizationError naming the layer that TF8 has no operation for
 */
export function fuseLayersModel(model: tf.LayersModel, options: FuseOptions): FloatGraph {
  return fuseGraph(
    withQuantizationErrors(() => readLayersModel(model)),
    options,
  );
}
