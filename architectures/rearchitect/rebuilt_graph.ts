import { BATCH_NORM_EPSILON, batchNormOf } from '../conv_layer.ts';
import { type FloatGraph, floatGraph } from '../graph/float_graph.ts';
import { type FloatNode, type FloatWeightedNode, isWeightedFloat } from '../graph/float_node.ts';
import type { FloatBatchNormNode } from '../graph/operations/batch_norm.ts';
import { dropUnread } from '../graph/passes/drop_unread.ts';
import { makerOf, mapNodes, replaceNode } from '../graph/passes/rewrite.ts';
import { batchNormBehind, readersThrough } from './behind.ts';
import type { OutputStatistics, Rebuilding, Reconstruction } from './reconstruct.ts';

/**
 * The rebuilt network as it goes on being trained, with the folded one's function: what was not rebuilt is as
 * it was in `graph`, batch norms included.
 *
 * A pointwise layer's batch norm normalizes by the mean μ and the variance σ² that the layer's output had on
 * the images that it was fitted on, and undoes that by γ = √(σ² + ε) and β = bias + μ: the fitted kernel stays
 * as it is, and training that goes on finds moving statistics that are true.
 *
 * @param graph the network that was rebuilt, as it was read
 */
export function rebuiltGraph(
  graph: FloatGraph,
  rebuilding: Pick<Rebuilding, 'source' | 'pairs'>,
  { graph: rebuilt, statistics }: Reconstruction,
): FloatGraph {
  const nodeOf = (name: string) => makerOf(rebuilt, name) as FloatWeightedNode;
  const { source, pairs } = rebuilding;
  const done = new Set(pairs.flatMap(({ depthwise, pointwise }) => [depthwise, pointwise]));
  let result = graph;
  for (const node of source.nodes) {
    if (!isWeightedFloat(node) || done.has(node.name)) continue;
    result = withoutDeadWeights(result, node, nodeOf(node.name));
  }
  for (const { depthwise, pointwise } of pairs) {
    const { kernel, bias } = nodeOf(depthwise);
    const before = makerOf(result, depthwise) as FloatWeightedNode;
    result = replaceNode(result, { ...before, kernel, bias, activation: 'linear' });
    result = withFitted(result, nodeOf(pointwise), depthwise, statistics.get(pointwise)!);
  }
  for (const node of source.nodes) {
    if (!isWeightedFloat(node) || node.activation !== 'relu6') continue;
    if (nodeOf(node.name).activation === 'relu') result = unclipped(result, node.name);
  }
  return dropUnread(result);
}

/** With the fitted layer, which reads the depthwise convolution itself, and its batch norm. */
function withFitted(
  graph: FloatGraph,
  { name, kernel, bias }: FloatWeightedNode,
  depthwise: string,
  { mean, variance }: OutputStatistics,
): FloatGraph {
  const before = makerOf(graph, name) as FloatWeightedNode;
  // γ undoes the variance as it is stored, in single precision.
  const stored = Float32Array.from(variance);
  const known = batchNormBehind(graph, name);
  const statistics = {
    mean: Float32Array.from(mean),
    variance: stored,
    epsilon: known?.epsilon ?? BATCH_NORM_EPSILON,
    gamma: stored.map((value) => Math.sqrt(value + (known?.epsilon ?? BATCH_NORM_EPSILON))),
    beta: bias.map((value, m) => value + mean[m]),
  };
  const layer = { ...before, inputs: [depthwise], kernel, bias: new Float32Array(bias.length) };
  if (known !== undefined)
    return replaceNode(replaceNode(graph, layer), { ...known, ...statistics });
  const { activation } = before;
  const batchNorm: FloatBatchNormNode = {
    op: 'batchNorm',
    name: batchNormOf(name),
    inputs: [name],
    axis: -1,
    ...statistics,
  };
  return withBehind(replaceNode(graph, { ...layer, activation: 'linear' }), name, [
    batchNorm,
    ...(activation === 'linear'
      ? []
      : [
          {
            op: 'activation' as const,
            name: `${name}/activation`,
            inputs: [batchNorm.name],
            activation,
          },
        ]),
  ]);
}

/** With nodes right behind a tensor: who read it reads the last of them. */
function withBehind(graph: FloatGraph, tensor: string, added: readonly FloatNode[]): FloatGraph {
  const last = added.at(-1)!.name;
  const renamed = (name: string) => (name === tensor ? last : name);
  return floatGraph({
    ...graph,
    nodes: graph.nodes.flatMap((node) =>
      node.name === tensor ? [node, ...added] : [{ ...node, inputs: node.inputs.map(renamed) }],
    ),
    outputs: graph.outputs.map(renamed),
  });
}

/** ReLU instead of the ReLU6 behind a layer. */
function unclipped(graph: FloatGraph, layer: string): FloatGraph {
  const reached = new Set(readersThrough(graph, layer));
  return mapNodes(graph, (node) =>
    reached.has(node.name) && 'activation' in node && node.activation === 'relu6'
      ? { ...node, activation: 'relu' }
      : node,
  );
}

/**
 * A layer that was not fitted, without the channels that were removed there and before it.
 * @param before folded, as it was
 * @param after folded, as it is now
 */
function withoutDeadWeights(
  graph: FloatGraph,
  before: FloatWeightedNode,
  after: FloatWeightedNode,
): FloatGraph {
  if (before.kernel === after.kernel && before.bias === after.bias) return graph;
  const { name } = before;
  const node = makerOf(graph, name) as FloatWeightedNode;
  const outputs = before.bias.length;
  const isRemoved = Array.from(after.bias, (value) => value === 0);
  after.kernel.forEach((weight, index) => {
    if (weight !== 0) isRemoved[index % outputs] = false;
  });
  const kernel = node.kernel.map((weight, index) => (after.kernel[index] === 0 ? 0 : weight));
  const changed = (values: Float32Array) =>
    values.map((value, m) => (isRemoved[m] ? 0 : value + after.bias[m] - before.bias[m]));
  const zeroed = (values: Float32Array) => values.map((value, m) => (isRemoved[m] ? 0 : value));
  const batchNorm = batchNormBehind(graph, name);
  if (batchNorm === undefined) {
    return replaceNode(graph, { ...node, kernel, bias: changed(node.bias) });
  }
  const { beta, mean } = batchNorm;
  return replaceNode(replaceNode(graph, { ...node, kernel, bias: zeroed(node.bias) }), {
    ...batchNorm,
    beta: changed(beta),
    mean: zeroed(mean),
  });
}
