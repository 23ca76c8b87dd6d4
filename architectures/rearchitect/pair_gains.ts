import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../graph/float_graph.ts';
import { type FloatNode, type FloatWeightedNode, isWeightedFloat } from '../graph/float_node.ts';
import { dropSoftmax } from '../graph/passes/drop_softmax.ts';
import { channelGroups } from './channel_groups.ts';
import { equalizationScales } from './equalize.ts';
import type { InputBatch } from './image_states.ts';
import { type ReconstructOptions, reconstruct } from './reconstruct.ts';
import { runNode, weightTensors } from './run_nodes.ts';
import { scaledGraph } from './scale_graph.ts';
import type { SeparablePair } from './separable_pairs.ts';

/** What rebuilding one pair alone does to the outputs: shares of their variance over the images. */
export interface PairGain {
  readonly pair: SeparablePair;
  /** What the network loses in float. */
  readonly floatLoss: number;
  /** What it loses where the pair is computed in 8 bits, as it is … */
  readonly tf8Before: number;
  /** … and rebuilt, the loss in float included. */
  readonly tf8After: number;
}

type GainOptions = Omit<ReconstructOptions, 'activationPasses' | 'onProgress' | 'images'> & {
  /** Few: they are held in memory. */
  readonly batches: readonly InputBatch[];
  /** Called after each pair. */
  readonly onProgress?: (pairs: number) => void;
};

/**
 * Rebuilds each pair by itself, and measures the outputs beside the original's: what the pair costs in float,
 * and what its 8 bits (min/max of weights and activations, channels equalized between the two layers) cost
 * before and after.
 * @throws what `reconstruct` throws
 */
export async function measurePairGains(options: GainOptions): Promise<PairGain[]> {
  const { batches, pairs, onProgress, ...common } = options;
  const source = dropSoftmax(options.source);
  const [{ shape }] = batches;
  const images = {
    batches: async function* () {
      yield* batches;
    },
    images: batches.reduce((sum, batch) => sum + batch.shape[0], 0),
    imageShape: shape.slice(1),
  };
  const gains: PairGain[] = [];
  for (const pair of pairs) {
    const { graph } = await reconstruct({
      ...common,
      source,
      pairs: [pair],
      images,
      activationPasses: 0,
    });
    const [floatLoss, tf8Before, tf8After] = lossesOf(source, batches, options.compile, [
      { graph, bits: undefined },
      { graph: source, bits: pair },
      { graph: equalized(graph, pair), bits: pair },
    ]);
    gains.push({ pair, floatLoss, tf8Before, tf8After });
    onProgress?.(gains.length);
  }
  return gains;
}

/** With the channels between the two layers scaled alike. */
function equalized(graph: FloatGraph, { depthwise }: SeparablePair): FloatGraph {
  const own = channelGroups(graph).filter(
    ({ isFree, producers }) => isFree && producers.join() === depthwise,
  );
  return scaledGraph(graph, equalizationScales(graph, own));
}

/** A network of the same nodes as the original, and a pair that is computed in 8 bits. */
interface Changed {
  readonly graph: FloatGraph;
  readonly bits: SeparablePair | undefined;
}

/** Of each changed network, the mean over the outputs of Σ‖z′ − z‖² / Σ‖z − z̄‖². */
function lossesOf(
  original: FloatGraph,
  batches: readonly InputBatch[],
  compile: ReconstructOptions['compile'],
  changed: readonly Changed[],
): number[] {
  const networks = [original, ...changed.map(inBits)].map(({ nodes }) => nodes);
  const weights = Object.assign(
    {},
    ...networks.map((nodes, n) => weightTensors(prefixOf(n), changedNodes(networks, n, nodes))),
  ) as tf.NamedTensorMap;
  const bits = [undefined, ...changed.map((network) => network.bits)];
  const compiled = compile((inputs) => sumsOf(original, networks, bits, inputs));
  const sums = new Map<string, Float64Array>();
  try {
    for (const batch of batches) {
      const images = tf.tensor4d(batch.images, [...batch.shape]);
      const outputs = compiled.call({ images, ...weights });
      for (const [name, output] of Object.entries(outputs)) {
        const values = output.dataSync<'float32'>();
        const sum = sums.get(name) ?? new Float64Array(values.length);
        sums.set(
          name,
          sum.map((value, index) => value + values[index]),
        );
      }
      tf.dispose([images, outputs]);
    }
  } finally {
    compiled.dispose();
    tf.dispose(weights);
  }
  const images = batches.reduce((sum, { shape }) => sum + shape[0], 0);
  const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  return changed.map((_, network) => {
    const shares = original.outputs.map((_, output) => {
      const [sum, squares] = ['sum', 'squares'].map((name) => sums.get(`${name}/${output}`)!);
      const variance = total(squares) - total(sum.map((value) => value ** 2)) / images;
      return total(sums.get(`missed/${network + 1}/${output}`)!) / variance;
    });
    return shares.reduce((a, b) => a + b, 0) / shares.length;
  });
}

function prefixOf(network: number): string {
  return `network${network}`;
}

/** The nodes of a network that the original has not. */
function changedNodes(
  networks: readonly (readonly FloatNode[])[],
  network: number,
  nodes: readonly FloatNode[],
): readonly FloatNode[] {
  return network === 0 ? nodes : nodes.filter((node, index) => node !== networks[0][index]);
}

/** The network with the pair's weights rounded to 256 values. */
function inBits({ graph, bits }: Changed): FloatGraph {
  if (bits === undefined) return graph;
  const rounded = new Set([bits.depthwise, bits.pointwise]);
  const nodes = graph.nodes.map((node) =>
    isWeightedFloat(node) && rounded.has(node.name)
      ? { ...node, kernel: roundedWeights(node) }
      : node,
  );
  return { ...graph, nodes };
}

function roundedWeights({ kernel }: FloatWeightedNode): Float32Array {
  let [low, high] = [0, 0];
  for (const weight of kernel) {
    low = Math.min(low, weight);
    high = Math.max(high, weight);
  }
  const scale = (high - low) / 255 || 1;
  return kernel.map((weight) => Math.round(weight / scale) * scale);
}

/** The outputs of all networks on a batch, as sums over its images. */
function sumsOf(
  original: FloatGraph,
  networks: readonly (readonly FloatNode[])[],
  bits: readonly (SeparablePair | undefined)[],
  { images, ...weights }: tf.NamedTensorMap,
): tf.NamedTensorMap {
  const made = networks.map(() => new Map<string, tf.Tensor>([[original.input.name, images]]));
  original.nodes.forEach((first, index) => {
    networks.forEach((nodes, n) => {
      const node = nodes[index];
      const isOwn =
        n === 0 || node !== first || isInBits(bits[n], node.name) || isReached(made, n, node);
      if (!isOwn) return;
      const inputs = node.inputs.map((name) => made[n].get(name) ?? made[0].get(name)!);
      const prefix = prefixOf(node === first ? 0 : n);
      const output = runNode(node, inputs, prefix, weights);
      made[n].set(node.name, isInBits(bits[n], node.name) ? roundedValues(output) : output);
    });
  });
  const batch = images.shape[0];
  const outputsOf = (n: number) =>
    original.outputs.map((name) => (made[n].get(name) ?? made[0].get(name)!).reshape([batch, -1]));
  const [wanted, ...others] = networks.map((_, n) => outputsOf(n));
  return Object.fromEntries([
    ...wanted.flatMap((output, at) => [
      [`sum/${at}`, output.sum(0)],
      [`squares/${at}`, output.square().sum(0)],
    ]),
    ...others.flatMap((outputs, n) =>
      outputs.map((output, at) => [
        `missed/${n + 1}/${at}`,
        output.sub(wanted[at]).square().sum(0),
      ]),
    ),
  ]);
}

/** Whether a network has made something of its own that the node reads. */
function isReached(
  made: readonly ReadonlyMap<string, tf.Tensor>[],
  network: number,
  { inputs }: FloatNode,
): boolean {
  return inputs.some(
    (name) =>
      made[network].get(name) !== undefined && made[network].get(name) !== made[0].get(name),
  );
}

function isInBits(pair: SeparablePair | undefined, name: string): boolean {
  return pair !== undefined && [pair.before, pair.depthwise, pair.pointwise].includes(name);
}

/** To 256 values between the least and the largest of the batch, and 0. */
function roundedValues(x: tf.Tensor): tf.Tensor {
  const scale = x.max().maximum(0).sub(x.min().minimum(0)).div(255).maximum(1e-30);
  return x.div(scale).round().mul(scale);
}
