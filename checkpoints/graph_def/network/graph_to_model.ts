import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import { operationOf } from '../../../architectures/graph/operations/table.ts';
import { UserError } from '../../../foundation/errors.ts';
import type { Reading, ReadModel } from '../../read_model.ts';
import { type FlatNode, flatten } from './flatten.ts';
import { floatGraphOf } from './float_graph_of.ts';
import type { GraphSource, NodeInput, PartialShape } from './graph_source.ts';
import { withoutMapLoops } from './map_loops.ts';
import { readNetwork } from './read_network.ts';
import type { GraphTensor } from './tensor_proto.ts';

/** Operations that stand for a variable: its handle, or in TensorFlow 1 itself. */
const VARIABLES = new Set(['VarHandleOp', 'VariableV2', 'Variable']);

/** A variable as a graph has it. */
export interface GraphVariable {
  /** Name of the node that stands for it. */
  readonly node: string;
  /** What the graph calls it. */
  readonly name: string;
}

/** Values of variables by the names of their nodes. */
export type ReadVariables = (
  variables: readonly GraphVariable[],
) => Promise<ReadonlyMap<string, GraphTensor>>;

export interface GraphToModel extends Reading {
  readonly source: GraphSource;
  readonly outputs: readonly NodeInput[];
  /** Of inputs, by name, where a signature says it. */
  readonly inputShapes?: ReadonlyMap<string, PartialShape> | undefined;
  /** Absent where the graph is frozen. */
  readonly readVariables?: ReadVariables;
}

/**
 * Makes a file's graph a float graph, which ends where there is no operation for a node.
 * @throws UserError naming a node that there is no operation for where little would be left, or what of the
 *   file is damaged
 */
export async function graphToModel({
  source,
  outputs,
  inputShapes,
  mayEndEarly = false,
  readVariables = noVariables,
}: GraphToModel): Promise<ReadModel> {
  const flat = flatten(withoutMapLoops(source), outputs);
  const { nodes } = flat;
  const constants = new Map<FlatNode, GraphTensor>();
  const variables = nodes.filter(({ op }) => VARIABLES.has(op));
  for (const node of nodes) {
    if (node.op === 'Const') constants.set(node, source.constant(node.source));
  }
  if (variables.length > 0) {
    const values = await readVariables(
      variables.map(({ name, source: { name: own }, attributes }) => ({
        node: name,
        name: attributes.text('shared_name') || own,
      })),
    );
    for (const node of variables) {
      const value = values.get(node.name);
      if (value !== undefined) constants.set(node, value);
    }
  }
  const { fileName } = source;
  const network = readNetwork({ fileName, ...flat, constants, inputShapes }, { mayEndEarly });
  const { graph, origin } = floatGraphOf(network, 'imported');
  requireFinite(graph, fileName);
  const { notes, range, done, unread } = network;
  return { graph, unread, notes, range, done, origin };
}

/** @throws UserError naming a weight that is none */
function requireFinite({ nodes }: FloatGraph, fileName: string): void {
  for (const node of nodes) {
    const constants = Object.entries(operationOf(node).constants?.(node) ?? {});
    for (const [name, { values }] of constants) {
      const index = values.findIndex((value) => !Number.isFinite(value));
      if (index < 0) continue;
      throw new UserError(
        `Expected finite weights in ${fileName} but element ${index} of ${node.name}/${name} is ${values[index]}`,
        { remedy: 'Make the model again: no network has such weights.' },
      );
    }
  }
}

/** The reader of the network names the node that has no value. */
async function noVariables(): Promise<ReadonlyMap<string, GraphTensor>> {
  return new Map();
}
