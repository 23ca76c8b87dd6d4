import { type FloatGraph, shapeIn } from '../graph/float_graph.ts';
import { type FloatNode, isWeightedFloat } from '../graph/float_node.ts';
import type { FloatConv2dNode } from '../graph/operations/conv2d.ts';
import type { FloatDepthwiseConv2dNode } from '../graph/operations/depthwise_conv2d.ts';
import { hasOneUser, makerOf, usersOf } from '../graph/passes/rewrite.ts';
import { isSameShape } from '../graph/shape.ts';
import { isPadded } from '../graph/window.ts';

/** A depthwise convolution and the pointwise one that alone reads it. */
export interface SeparablePair {
  readonly depthwise: string;
  readonly pointwise: string;
  /**
   * The layer that the depthwise convolution alone reads: an expansion, or the pointwise layer of the
   * pair before; undefined where others read it too, or where it is none.
   */
  readonly before: string | undefined;
}

/** A depthwise convolution that stays as it is, and why. */
export interface LeftAlone {
  readonly layer: string;
  readonly reason: string;
}

export interface SeparableLayers {
  readonly pairs: readonly SeparablePair[];
  readonly leftAlone: readonly LeftAlone[];
}

/**
 * The depthwise convolutions of a network with an activation that can go, since the layer behind them can
 * be solved anew, and the others.
 * @param graph folded (`foldedGraph`)
 */
export function separablePairs(graph: FloatGraph): SeparableLayers {
  const pairs: SeparablePair[] = [];
  const leftAlone: LeftAlone[] = [];
  for (const node of graph.nodes) {
    if (node.op !== 'depthwiseConv2d') continue;
    const found = pairOf(graph, node);
    if (typeof found === 'string') leftAlone.push({ layer: node.name, reason: found });
    else pairs.push(found);
  }
  return { pairs, leftAlone };
}

/** The pairs whose depthwise convolution is linear. */
export function linearPairs(graph: FloatGraph): SeparablePair[] {
  return graph.nodes.flatMap((node) => {
    if (node.op !== 'depthwiseConv2d' || node.activation !== 'linear') return [];
    const reader = pointwiseBehind(graph, node);
    if (typeof reader === 'string') return [];
    return [{ depthwise: node.name, pointwise: reader.name, before: before(graph, node) }];
  });
}

/** @returns why there is none */
function pairOf(graph: FloatGraph, node: FloatDepthwiseConv2dNode): SeparablePair | string {
  const reader = pointwiseBehind(graph, node);
  if (typeof reader === 'string') return reader;
  if (node.activation === 'linear') return 'it is linear already';
  return { depthwise: node.name, pointwise: reader.name, before: before(graph, node) };
}

/** @returns why there is none */
function pointwiseBehind(graph: FloatGraph, { name }: FloatNode): FloatConv2dNode | string {
  if (graph.outputs.includes(name)) return 'it is an output';
  const users = usersOf(graph, name);
  if (users.some(({ op }) => op === 'multiply')) {
    return 'a squeeze-and-excite stands between it and the pointwise layer';
  }
  if (users.length !== 1) return `${users.length} layers read it`;
  const [user] = users;
  if (isPointwise(user)) return user;
  return `${user.name} reads it, which is no pointwise convolution`;
}

/** One position of one image at a time: 1 × 1, without strides and groups. */
function isPointwise(node: FloatNode): node is FloatConv2dNode {
  if (node.op !== 'conv2d') return false;
  const { kernelShape, strides, groups = 1, padding } = node;
  const sizes = [kernelShape[0], kernelShape[1], ...strides, groups];
  return sizes.every((size) => size === 1) && !isPadded(padding);
}

function before(graph: FloatGraph, { inputs: [from] }: FloatNode): string | undefined {
  const maker = makerOf(graph, from);
  const isAlone = maker !== undefined && isWeightedFloat(maker) && hasOneUser(graph, from);
  return isAlone ? from : undefined;
}

/** The other operand of the sum that alone reads a layer, where both are of one size. */
export function residualOf(graph: FloatGraph, layer: string): string | undefined {
  const [user] = usersOf(graph, layer);
  if (user?.op !== 'add' || user.inputs.length !== 2 || !hasOneUser(graph, layer)) return undefined;
  const other = user.inputs.find((name) => name !== layer)!;
  const isSame = isSameShape(shapeIn(graph, other), shapeIn(graph, layer));
  return isSame ? other : undefined;
}

/** Whether a pair follows an expansion and ends linear, as in inverted residuals. */
export function isInverted(graph: FloatGraph, { before, pointwise }: SeparablePair): boolean {
  const last = makerOf(graph, pointwise);
  const isLinear = last?.op === 'conv2d' && last.activation === 'linear';
  return isLinear && before !== undefined && isExpansion(graph, before);
}

/** Whether a layer reads few channels and makes many of them, as inverted residuals begin. */
export function isExpansion(graph: FloatGraph, name: string): boolean {
  const node = makerOf(graph, name);
  if (node?.op !== 'conv2d') return false;
  const [rows, columns, channels, outputs] = node.kernelShape;
  return rows === 1 && columns === 1 && outputs > 2 * channels;
}
