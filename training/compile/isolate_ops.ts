import { create } from '@bufbuild/protobuf';
import {
  type FunctionDef,
  FunctionDefSchema,
  type NodeDef,
  NodeDefSchema,
} from '../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { boolAttribute, DT } from './attributes.ts';

/** The ops that can be isolated: their inputs and their output by name, float32 unless said otherwise. */
const SIGNATURES = {
  DepthwiseConv2dNativeBackpropFilter: {
    inputs: { input: DT.float32, filter_sizes: DT.int32, out_backprop: DT.float32 },
    output: 'output',
  },
} as const;

export type IsolatedOp = keyof typeof SIGNATURES;

/** What keeps libtensorflow from putting a function's body in the place of its call. */
const NO_INLINE = { _noinline: boolAttribute(true) };

/**
 * The nodes of a graph with those of certain ops as calls of functions that hold nothing else. oneDNN's
 * pass over the graph (tensorflow/core/common_runtime/mkl_layout_pass.cc) replaces the kernels of all
 * float ops that it knows, and does not look into such functions: their ops keep libtensorflow's own.
 */
export function isolateOps(
  nodes: readonly NodeDef[],
  ops: readonly IsolatedOp[],
): { readonly nodes: NodeDef[]; readonly functions: FunctionDef[] } {
  const functions: FunctionDef[] = [];
  const isIsolated = (op: string): op is IsolatedOp => ops.some((isolated) => isolated === op);
  return {
    nodes: nodes.map((node) => {
      if (!isIsolated(node.op)) return node;
      const name = `isolated_${node.op}_${functions.length}`;
      functions.push(functionOf(name, node.op, node.attr));
      const { name: own, input } = node;
      return create(NodeDefSchema, { name: own, op: name, input, attr: { ...NO_INLINE } });
    }),
    functions,
  };
}

function functionOf(name: string, op: IsolatedOp, attr: NodeDef['attr']): FunctionDef {
  const { inputs, output } = SIGNATURES[op];
  return create(FunctionDefSchema, {
    signature: {
      name,
      inputArg: Object.entries(inputs).map(([argument, type]) => ({ name: argument, type })),
      outputArg: [{ name: output, type: DT.float32 }],
    },
    nodeDef: [{ name: 'body', op, input: Object.keys(inputs), attr }],
    ret: { [output]: `body:${output}:0` },
    attr: { ...NO_INLINE },
  });
}
