import * as tf from '@tensorflow/tfjs';
import type { FloatNode, FloatWeightedNode } from '../graph/float_node.ts';
import { operationOf } from '../graph/operations/table.ts';

/** aᵀ·b of [P, C] and [P, M] in double precision, as the sum of two singles (training/compile/ops). */
export type TransposedProduct = (
  a: tf.Tensor2D,
  b: tf.Tensor2D,
) => { readonly high: tf.Tensor2D; readonly low: tf.Tensor2D };

/** Weights of nodes as named tensors, `<prefix>/<node>/<weight>`; the caller's to dispose. */
export function weightTensors(prefix: string, nodes: readonly FloatNode[]): tf.NamedTensorMap {
  return Object.fromEntries(
    nodes.flatMap((node) =>
      Object.entries(operationOf(node).constants?.(node) ?? {}).map(([name, { values, shape }]) => [
        weightName(prefix, node, name),
        tf.tensor(values, [...shape]),
      ]),
    ),
  );
}

/** The output of a node, whose weights are among `weights` (`weightTensors`). */
export function runNode(
  node: FloatNode,
  inputs: readonly tf.Tensor[],
  prefix: string,
  weights: tf.NamedTensorMap,
): tf.Tensor {
  const names = Object.keys(operationOf(node).constants?.(node) ?? {});
  const constants = Object.fromEntries(
    names.map((name) => [name, weights[weightName(prefix, node, name)]]),
  );
  return operationOf(node).run(node, { tf, inputs, constants });
}

/** The node without its activation. */
export function linear<Node extends FloatWeightedNode>(node: Node): Node {
  return { ...node, activation: 'linear' };
}

/** [N, …, C] as [P, C], a row a position. */
export function rows(x: tf.Tensor): tf.Tensor2D {
  return x.reshape([-1, x.shape.at(-1)!]);
}

function weightName(prefix: string, { name }: FloatNode, weight: string): string {
  return `${prefix}/${name}/${weight}`;
}
