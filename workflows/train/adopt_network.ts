/** Files of networks that tf8 builds, whose layers are called otherwise and have their batch norms folded. */
import { isDeepStrictEqual } from 'node:util';
import { type AdoptedNetwork, adoptWeights } from '../../architectures/adopt_weights.ts';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { networkOfLayers } from '../../architectures/graph/float_network.ts';
import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import { elements } from '../../architectures/graph/shape.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import { networkNamed } from '../../architectures/registry.ts';
import { FRIENDLY, NO_DEPTHWISE_BN, STANDARD } from '../../architectures/variants.ts';
import { sha256OfTensors } from '../../checkpoints/weight_tensor.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import { QuantizationError } from '../../quantize/params/errors.ts';
import { OpenedFloatModel } from '../open/open_model.ts';
import type { TrainedNetwork } from './trained_network.ts';

/** Largest difference of an output, as a share of the largest one: sums in another order. */
const TOLERANCE = 1e-3;

/** Those that compute different things; L2 leaves no trace in a network. */
const VARIANTS = [STANDARD, NO_DEPTHWISE_BN, FRIENDLY];

/**
 * A model as the network of ours that it computes, its logits equal on an image of noise; the source is
 * disposed of then.
 * @param network that it should be, of this width
 * @returns undefined where it computes another one
 */
export function adoptNetwork(
  source: OpenedFloatModel,
  network: TrainedNetwork,
): OpenedFloatModel | undefined {
  const graph = fused(source.network.graph);
  if (graph === undefined) return undefined;
  for (const config of configsOf(graph, network)) {
    const adopted = adoptWeights(graph, config);
    if (adopted === undefined) continue;
    if (isSameFunction(graph, adopted)) return opened(source, config, adopted);
    adopted.model.dispose();
  }
  return undefined;
}

/** With batch norms folded, up to the logits; undefined where TF8 has no operation for a part. */
function fused(graph: FloatGraph): FloatGraph | undefined {
  try {
    return fuseGraph(graph, { zeroVariance: 'keep' });
  } catch (error) {
    if (error instanceof QuantizationError) return undefined;
    throw error;
  }
}

/** What a graph with such images and outputs could be. */
function configsOf(
  { input, outputs, shapes }: FloatGraph,
  network: TrainedNetwork,
): NetworkConfig[] {
  const [resolution, width, channels] = input.shape;
  const classes = elements(shapes.get(outputs[0])!);
  const { leastResolution, squeezeExcite } = networkNamed(network.network);
  if (outputs.length > 1 || resolution !== width || channels !== 3) return [];
  if (resolution < leastResolution || classes < 2) return [];
  const sizes = { resolution, classes };
  if (!('variant' in network)) return [{ ...network, ...sizes }];
  const { squeezeExcite: _, ...named } = network;
  return VARIANTS.map((variant) => ({ ...named, variant, ...sizes })).flatMap((config) =>
    squeezeExcite ? [config, { ...config, squeezeExcite: false }] : [config],
  );
}

function isSameFunction(graph: FloatGraph, { model }: AdoptedNetwork): boolean {
  const ours = fuseGraph(networkOfLayers(model).graph, { zeroVariance: 'keep' });
  // Noise need not reach the bound of a ReLU6.
  if (!isDeepStrictEqual(activationsOf(graph), activationsOf(ours))) return false;
  const { shape } = graph.input;
  const images = Float32Array.from({ length: elements(shape) }, noise);
  const [expected, received] = [graph, ours].map((each) => {
    const runner = new FloatRunner(each);
    const [logits] = runner.outputs(images, [1, ...shape]);
    runner.dispose();
    return logits;
  });
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.every((value, index) => Math.abs(received[index] - value) <= TOLERANCE * largest);
}

/** Of the layers with weights, in order. */
function activationsOf({ nodes }: FloatGraph): readonly Activation[] {
  return nodes.filter(isWeightedFloat).map(({ activation }) => activation);
}

/** In [−1, 1), the same at every call. */
function noise(_: unknown, index: number): number {
  return (Math.imul(index + 1, 2654435761) >>> 8) / 2 ** 23 - 1;
}

function opened(
  source: OpenedFloatModel,
  config: NetworkConfig,
  { model, foldedBatchNorms }: AdoptedNetwork,
): OpenedFloatModel {
  const { name, facts } = source;
  const weightsSha256 = sha256OfTensors(source.network.weights());
  source.dispose();
  return new OpenedFloatModel(name, networkOfLayers(model), {
    ...facts,
    architecture: config,
    origin: { ...facts.origin, weightsSha256 },
    foldedBatchNorms,
  });
}
