/** What a graph does to pixels first is the range of its images. */
import type { FloatGraph } from '../architectures/graph/float_graph.ts';
import type { FloatNode } from '../architectures/graph/float_node.ts';
import { affineOf } from '../architectures/graph/operations/functions.ts';
import { bypass, usersOf } from '../architectures/graph/passes/rewrite.ts';
import {
  type ChannelAffine,
  composed,
  IDENTITY,
  inputMap,
  type PixelRange,
} from './input_affine.ts';
import type { ReadModel } from './read_model.ts';

/**
 * Leaves out what a graph does to pixels first where it is a range of images.
 * @param range that the file says; undefined where it does not
 */
export function withInput(
  graph: FloatGraph,
  range: PixelRange | undefined,
  notes: readonly string[],
): Pick<ReadModel, 'graph' | 'range' | 'notes' | 'done'> {
  const affine = firstAffine(graph);
  if (range !== undefined || affine === undefined) return { graph, range, notes, done: undefined };
  const { range: scaled, left, note } = inputMap(affine.map);
  const all = [...notes, note];
  if (left !== undefined) return { graph, range: scaled, notes: all, done: undefined };
  const rest = bypass(graph, ({ name }) => affine.nodes.has(name));
  return { graph: rest, range: scaled, notes: all, done: affine.map };
}

/** The scaling and shifting at the beginning of a graph, and its nodes. */
function firstAffine(
  graph: FloatGraph,
): { readonly map: ChannelAffine; readonly nodes: ReadonlySet<string> } | undefined {
  const nodes = new Set<string>();
  let whole: ChannelAffine = IDENTITY;
  let tensor = graph.input.name;
  for (;;) {
    const [user, ...others] = usersOf(graph, tensor);
    const isAlone = others.length === 0 && user !== undefined && !graph.outputs.includes(tensor);
    const map = isAlone ? mapOf(user) : undefined;
    if (map === undefined) break;
    nodes.add(user.name);
    whole = composed(whole, map);
    tensor = user.name;
  }
  return nodes.size === 0 ? undefined : { map: whole, nodes };
}

/** ε below what a trained batch norm has: of arithmetic with a number for each channel. */
const NO_EPSILON = 1e-20;

/** What a node does to each channel, where that is to scale and shift it. */
function mapOf(node: FloatNode): ChannelAffine | undefined {
  if (node.op === 'activation') {
    const map = affineOf(node.activation);
    return map && { scale: [map.scale], offset: [map.shift] };
  }
  if (node.op !== 'batchNorm' || node.axis !== -1 || node.epsilon > NO_EPSILON) return undefined;
  const { gamma, beta, mean, variance } = node;
  const scale = Array.from(gamma, (value, c) => value / Math.sqrt(variance[c]));
  return { scale, offset: scale.map((factor, c) => beta[c] - mean[c] * factor) };
}
