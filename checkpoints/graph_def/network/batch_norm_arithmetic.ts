/**
 * Batch norms that a graph spells out in single operations, between the convolution's x and constants:
 *
 *     scale = γ · rsqrt(σ² + ε)         or rsqrt(σ² + ε)
 *     x · scale + (β − μ · scale)       TF-slim, 2017
 *     (x − μ) · scale + β
 */
import type { FlatNode } from './flatten.ts';
import type { GraphTensor } from './tensor_proto.ts';

export interface BatchNormConstants {
  /** What is normalized. */
  readonly x: FlatNode;
  /** γ; undefined where there is none: 1. */
  readonly gamma: FlatNode | undefined;
  readonly beta: FlatNode;
  readonly mean: FlatNode;
  readonly variance: FlatNode;
  readonly epsilon: number;
  /** Nodes between x and the sum: no one else reads them. */
  readonly inner: readonly FlatNode[];
}

interface Scale {
  readonly gamma: FlatNode | undefined;
  readonly variance: FlatNode;
  readonly epsilon: number;
}

const ADD = new Set(['Add', 'AddV2']);

/** What of a network that is being read tells a batch norm. */
interface Surroundings {
  readonly constants: ReadonlyMap<FlatNode, GraphTensor>;
  readersOf(node: FlatNode): number;
}

/** The batch norm that ends in the sum `node`; undefined where it is another sum. */
export function batchNormEndingIn(
  node: FlatNode,
  surroundings: Surroundings,
): BatchNormConstants | undefined {
  const { constants } = surroundings;
  const isConstant = (candidate: FlatNode) => constants.has(candidate);
  if (!ADD.has(node.op)) return undefined;
  const [product, shift] = pair(node, (candidate) => !isConstant(candidate)) ?? [];
  if (product?.op !== 'Mul' || shift === undefined || !isConstant(shift)) return undefined;
  const [source, scaleNode] = pair(product, (candidate) => !isConstant(candidate)) ?? [];
  if (source === undefined || scaleNode === undefined || surroundings.readersOf(product) !== 1)
    return undefined;
  const scale = scaleOf(scaleNode, constants);
  if (scale === undefined) return undefined;
  if (shift.op === 'Sub') {
    const [beta, scaledMean] = shift.inputs.map((input) => input.node);
    const mean = scaledMean && otherFactor(scaledMean, scaleNode);
    if (beta !== undefined && mean !== undefined) {
      return { ...scale, x: source, beta, mean, inner: [product] };
    }
  }
  if (source.op !== 'Sub' || surroundings.readersOf(source) !== 1) return undefined;
  const [x, mean] = source.inputs.map((input) => input.node);
  if (x === undefined || mean === undefined || isConstant(x) || !isConstant(mean)) return undefined;
  return { ...scale, x, beta: shift, mean, inner: [source, product] };
}

function scaleOf(node: FlatNode, constants: ReadonlyMap<FlatNode, GraphTensor>): Scale | undefined {
  if (node.op === 'Rsqrt') {
    const sum = node.inputs[0]?.node;
    if (sum === undefined || !ADD.has(sum.op)) return undefined;
    const isScalar = (candidate: FlatNode) => constants.get(candidate)?.values?.length === 1;
    // Of one channel both are scalars: ε is written last.
    const [first, second] = sum.inputs.map((input) => input.node);
    if (first === undefined || second === undefined) return undefined;
    const [variance, epsilon] = isScalar(second) ? [first, second] : [second, first];
    const value = constants.get(epsilon)?.values;
    if (value?.length !== 1 || !constants.has(variance)) return undefined;
    return { gamma: undefined, variance, epsilon: value[0] };
  }
  if (node.op !== 'Mul') return undefined;
  const [rsqrt, gamma] = pair(node, (candidate) => candidate.op === 'Rsqrt') ?? [];
  const scale = rsqrt && scaleOf(rsqrt, constants);
  if (scale === undefined || gamma === undefined || !constants.has(gamma)) return undefined;
  return { ...scale, gamma };
}

/** The two inputs, that of which `isFirst` is true in front. */
function pair(
  { inputs }: FlatNode,
  isFirst: (node: FlatNode) => boolean,
): [FlatNode, FlatNode] | undefined {
  const [a, b] = inputs.map((input) => input.node);
  if (a === undefined || b === undefined) return undefined;
  if (isFirst(a)) return [a, b];
  return isFirst(b) ? [b, a] : undefined;
}

/** The m of m · factor. */
function otherFactor(node: FlatNode, factor: FlatNode): FlatNode | undefined {
  if (node.op !== 'Mul') return undefined;
  return pair(node, (candidate) => candidate === factor)?.[1];
}
