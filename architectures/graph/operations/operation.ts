import type * as tf from '@tensorflow/tfjs';
import type { Shape } from '../shape.ts';

/** What every node of a float graph has. */
export interface NodeBase {
  /** Also the name of the tensor that the node makes. */
  readonly name: string;
  /** Names of nodes, or of the graph's input. */
  readonly inputs: readonly string[];
  /** What the network's file calls the operation, e.g. `DepthwiseConv2D`: messages name it so. */
  readonly className?: string;
}

/** Weights that running a node needs as tensors. */
export interface Constant {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** What a node is run with. */
export interface Running {
  /** TensorFlow.js, which is handed in: graphs and passes do without it. */
  readonly tf: typeof tf;
  /** [N, …] each */
  readonly inputs: readonly tf.Tensor[];
  /** By the names that `constants` gives them. */
  readonly constants: Readonly<Record<string, tf.Tensor>>;
}

/** What a float graph knows of an operation; all of them stand in `table.ts`. */
export interface Operation<Node> {
  /**
   * The shape of the node's output.
   * @throws GraphError where it cannot read inputs of these shapes
   */
  shape(node: Node, inputs: readonly Shape[]): Shape;
  constants?(node: Node): Readonly<Record<string, Constant>>;
  /** The node's output [N, …], in operations of TensorFlow.js. */
  run(node: Node, running: Running): tf.Tensor;
}
