import type * as tf from '@tensorflow/tfjs';
import type { PixelRange } from '../../input_affine.ts';
import { buildLayersModel } from './build_layers_model.ts';
import { type FlatNode, flatten } from './flatten.ts';
import type { GraphSource, NodeInput, PartialShape } from './graph_source.ts';
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

export interface GraphToModel {
  readonly source: GraphSource;
  readonly output: NodeInput;
  /** Of the input where a signature says it. */
  readonly inputShape?: PartialShape | undefined;
  /** Absent where the graph is frozen. */
  readonly readVariables?: ReadVariables;
}

/** A model, and what was decided in reading its file that its user should know. */
export interface ReadModel {
  readonly model: tf.LayersModel;
  readonly notes: readonly string[];
  /** What the network takes pixels for, where its file says so. */
  readonly range: PixelRange | undefined;
}

/**
 * Makes a graph a LayersModel.
 * @throws UserError naming a node that TF8 has no operation for, or what of the file is damaged
 */
export async function graphToModel({
  source,
  output,
  inputShape,
  readVariables = noVariables,
}: GraphToModel): Promise<ReadModel> {
  const nodes = flatten(source, output);
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
  const network = readNetwork({ fileName, nodes, constants, inputShape });
  const { notes, range } = network;
  return { model: buildLayersModel(network, 'imported'), notes, range };
}

/** The reader of the network names the node that has no value. */
async function noVariables(): Promise<ReadonlyMap<string, GraphTensor>> {
  return new Map();
}
