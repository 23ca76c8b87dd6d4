import { add } from './add.ts';
import { averagePool2d } from './average_pool2d.ts';
import { concat } from './concat.ts';
import { conv2d } from './conv2d.ts';
import { depthwiseConv2d } from './depthwise_conv2d.ts';
import { fullyConnected } from './fully_connected.ts';
import { globalAveragePool } from './global_average_pool.ts';
import { lookup } from './lookup.ts';
import { maxPool2d } from './max_pool2d.ts';
import { maximum } from './maximum.ts';
import { minimum } from './minimum.ts';
import { multiply } from './multiply.ts';
import type { NodeSchema, NodeTensors, Operation, StoredNode } from './operation.ts';
import { prelu } from './prelu.ts';
import { rearrange } from './rearrange.ts';
import { requantize } from './requantize.ts';
import { resize } from './resize.ts';
import { softmax } from './softmax.ts';
import { subtract } from './subtract.ts';
import { transposedConv2d } from './transposed_conv2d.ts';

/** The operations of TF8: the only list. */
export const OPERATIONS = {
  conv2d,
  depthwiseConv2d,
  transposedConv2d,
  fullyConnected,
  averagePool2d,
  maxPool2d,
  globalAveragePool,
  concat,
  add,
  subtract,
  multiply,
  lookup,
  prelu,
  rearrange,
  resize,
  maximum,
  minimum,
  requantize,
  softmax,
};

export type OpName = keyof typeof OPERATIONS;

export const OP_NAMES = Object.keys(OPERATIONS) as readonly OpName[];

/** The nodes by their operation. */
export type Nodes = {
  readonly [Op in OpName]: Parameters<(typeof OPERATIONS)[Op]['outputShape']>[0];
};

/** The calls by their operation. */
export type Calls = { readonly [Op in OpName]: ReturnType<(typeof OPERATIONS)[Op]['call']> };

export type Tf8Node = Nodes[OpName];

/** A node in a TF8 file's header. */
export type StoredTf8Node = { readonly [Op in OpName]: StoredNode<Nodes[Op]> }[OpName];

/** A call of one kernel, as data. */
export type KernelCall<Op extends OpName = OpName> = {
  readonly [Each in Op]: { readonly op: Each; readonly call: Calls[Each] };
}[Op];

/** A row for the nodes of each operation: where one is missing, the table does not compile. */
export type NodeTable<Context extends readonly unknown[], Result> = {
  readonly [Op in OpName]: (node: Nodes[Op], ...context: Context) => Result;
};

/** A row for the calls of each operation. */
export type CallTable<Result> = { readonly [Op in OpName]: (call: Calls[Op]) => Result };

/** What TF8 knows of a node's, or a call's, operation. */
export function operationOf({ op }: { readonly op: OpName }): Operation<Tf8Node, Calls[OpName]> {
  return OPERATIONS[op];
}

/** The schemas of nodes in a TF8 file's header. */
export function headers() {
  const [first, ...others] = Object.values<{ header: NodeSchema<StoredTf8Node> }>(OPERATIONS);
  return [first.header, ...others.map(({ header }) => header)] as const;
}

/** The row of a node, applied to it. */
export function ofNode<Context extends readonly unknown[], Result>(
  table: NodeTable<Context, Result>,
  node: Tf8Node,
  ...context: Context
): Result {
  const row = table[node.op] as (node: Tf8Node, ...context: Context) => Result;
  return row(node, ...context);
}

/** The row of a call, applied to it. */
export function ofCall<Result>(table: CallTable<Result>, { op, call }: KernelCall): Result {
  return (table[op] as (call: Calls[OpName]) => Result)(call);
}

/** The call that computes a node. */
export function kernelCall(node: Tf8Node, tensors: NodeTensors): KernelCall {
  return { op: node.op, call: operationOf(node).call(node, tensors) } as KernelCall;
}

/** The tensors that a call reads, weights apart. */
export function inputsOf({ op, call }: KernelCall): readonly Uint8Array[] {
  return operationOf({ op }).inputsOf(call);
}

/** @throws QuantizationError that names the field of an illegal call */
export function checkCall({ op, call }: KernelCall): void {
  operationOf({ op }).checkCall(call);
}
