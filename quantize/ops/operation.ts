import type * as z from 'zod';
import type { RoundingName } from '../params/roundings.ts';
import type { ImageShape, NodeBase, TensorSpec } from './tensor.ts';
import type { StoredWeights, WeightedFields } from './weights.ts';

/** A node as a TF8 file's header holds it: weights are places in the rest of the file, a table and slopes their numbers. */
export type StoredNode<Node> = Node extends WeightedFields
  ? Omit<Node, keyof StoredWeights> & StoredWeights
  : Node extends { readonly table: Uint8Array }
    ? Omit<Node, 'table'> & { readonly table: readonly number[] }
    : Node extends { readonly alpha: { readonly data: Uint8Array } }
      ? Omit<Node, 'alpha'> & {
          readonly alpha: Omit<Node['alpha'], 'data'> & { readonly data: readonly number[] };
        }
      : Node;

/** A schema of objects that are told apart by one of their fields. */
export type NodeSchema<Node> = z.ZodType<Node> & z.core.$ZodTypeDiscriminable;

/** What a call of every operation has. */
export interface CallBase {
  /** uint8; a kernel writes every element of it. */
  readonly output: Uint8Array;
}

/** The tensors of a node for a batch of images. */
export interface NodeTensors {
  readonly batch: number;
  /** `data`: [batch, H, W, C] uint8 */
  readonly inputs: readonly (TensorSpec & { readonly data: Uint8Array })[];
  /** [batch, H', W', M] uint8 */
  readonly output: Uint8Array;
  /** The model's rule of requantization; eq. 5 unless given. */
  readonly rounding?: RoundingName | undefined;
}

/**
 * All that TF8 knows of an operation; `table.ts` lists them. A node is the operation in a model, a call
 * is one on tensors: dense, row-major NHWC. Equations have the numbers of quantize/params/README.md.
 */
export interface Operation<Node extends NodeBase, Call extends CallBase> {
  /** The first version of the TF8 file that has it. */
  readonly since: 1 | 2 | 3;
  /** The same of a node, where its fields decide. */
  sinceOf?(node: Node): 1 | 2 | 3;
  /** The node's fields in a file, in their order. */
  readonly header: NodeSchema<StoredNode<Node>>;
  /** How many tensors it reads; several: one and more. */
  readonly arity: 'one' | 'two' | 'several';
  /** Whether the output's parameters are those of a range that was observed, or the input's (eq. 6). */
  readonly outputRange: 'observed' | 'of input';
  /**
   * The shape of its output.
   * @throws QuantizationError that names the node, where the inputs' shapes do not fit
   */
  outputShape(node: Node, inputs: readonly TensorSpec[]): ImageShape;
  /**
   * Proves what shapes leave open.
   * @throws QuantizationError that names the node
   */
  checkNode?(node: Node, inputs: readonly TensorSpec[]): void;
  /** Multiply-accumulates for one image. */
  macs(node: Node): number;
  call(node: Node, tensors: NodeTensors): Call;
  /** The tensors that a call reads, weights apart. */
  inputsOf(call: Call): readonly Uint8Array[];
  /**
   * The same checks for every kernel tier, so that none reads or writes out of bounds; they cost a fixed
   * number of comparisons, whatever the tensors' sizes.
   * @throws QuantizationError that names the field
   */
  checkCall(call: Call): void;
  /**
   * The reference kernel: the equation with a loop for every index, the definition of the result. It
   * refuses packed or transposed filters, tiles, vectors, algebra on zero points, state between calls
   * and special cases of a shape: fast enough to check with, not to serve with (eq. 8).
   * @param call a checked one
   */
  compute(call: Call): void;
}
