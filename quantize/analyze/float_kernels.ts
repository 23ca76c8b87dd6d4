import type { FloatNode } from '../../architectures/graph/float_node.ts';
import type { FloatImages } from '../../architectures/graph/float_nodes.ts';

/** Runs the float network node by node. It stands outside: the analysis needs no TensorFlow. */
export interface FloatKernels {
  /** The output [N, H, W, C] of one node for a batch of N images, in an array of the caller's. */
  run(node: FloatNode, inputs: readonly FloatImages[], batch: number): Float32Array;
}
