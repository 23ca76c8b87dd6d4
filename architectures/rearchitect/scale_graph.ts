import type { FloatGraph } from '../graph/float_graph.ts';
import { inputChannelOf } from '../graph/input_channels.ts';
import { replaceNode, weightedIn } from '../graph/passes/rewrite.ts';
import { batchNormBehind } from './behind.ts';
import { channelGroups } from './channel_groups.ts';
import { type ChannelScales, equalizationScales } from './equalize.ts';
import { foldedGraph } from './folded_graph.ts';

/** What an equalization did. */
export interface Equalization {
  /** Layers after which channels were scaled. */
  readonly layers: readonly string[];
  /** Layers after which something forbids it, such as a ReLU6. */
  readonly skipped: readonly string[];
}

/**
 * Equalizes a network wherever what stands between its layers allows it; its function stays the same.
 * @param graph as it was read, batch norms and all
 */
export function equalizeGraph(graph: FloatGraph): Equalization & { readonly graph: FloatGraph } {
  const folded = foldedGraph(graph);
  const groups = channelGroups(folded);
  const free = groups.filter(({ isFree }) => isFree);
  return {
    graph: scaledGraph(graph, equalizationScales(folded, free)),
    layers: free.flatMap(({ producers }) => producers),
    skipped: groups.filter(({ isFree }) => !isFree).flatMap(({ producers }) => producers),
  };
}

/**
 * Scales the channels between layers: a batch norm's γ and β are divided by s, where there is none the kernel
 * and the bias, and the next kernels are multiplied. A batch norm's statistics describe what comes into it,
 * which stays as it was.
 */
export function scaledGraph(
  graph: FloatGraph,
  channelScales: readonly ChannelScales[],
): FloatGraph {
  let scaled = graph;
  for (const { producers, consumers, scales } of channelScales) {
    const divided = (values: Float32Array) =>
      values.map((value, index) => value / scales[index % scales.length]);
    for (const name of producers) {
      const batchNorm = batchNormBehind(scaled, name);
      if (batchNorm === undefined) {
        const node = weightedIn(scaled, name);
        const { kernel, bias } = node;
        scaled = replaceNode(scaled, { ...node, kernel: divided(kernel), bias: divided(bias) });
      } else {
        const { gamma, beta } = batchNorm;
        scaled = replaceNode(scaled, { ...batchNorm, gamma: divided(gamma), beta: divided(beta) });
      }
    }
    for (const name of consumers) {
      const node = weightedIn(scaled, name);
      const channelOf = inputChannelOf(node, scales.length);
      const kernel = node.kernel.map((weight, index) => weight * scales[channelOf(index)]);
      scaled = replaceNode(scaled, { ...node, kernel });
    }
  }
  return scaled;
}
