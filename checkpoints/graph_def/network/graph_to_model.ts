import type * as tf from '@tensorflow/tfjs';
import type { PixelRange } from '../../input_affine.ts';
import { buildLayersModel } from './build_layers_model.ts';
import { type FlatNode, flatten } from './flatten.ts';
import type { GraphSource, NodeInput, PartialShape } from './graph_source.ts';
import { readNetwork } from './read_network.ts';
import type { GraphTensor } from './tensor_proto.ts';

/** Operations that stand for a variable: its handle, or in TensorFlow 1 itself. */
const VARIABLES = new Set(['VarHandleOp', 'VariableV2', 'Variable']);

/** Values of variables by the names that the graph has for them. */
export type ReadVariables = (
  names: ReadonlySet<string>,
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
  const variables = new Map<string, FlatNode[]>();
  for (const node of nodes) {
    if (node.op === 'Const') constants.set(node, source.constant(node.source));
    if (!VARIABLES.has(node.op)) continue;
    const name = node.attributes.text('shared_name') || node.source.name;
    variables.set(name, [...(variables.get(name) ?? []), node]);
  }
  if (variables.size > 0) {
    const values = await readVariables(new Set(variables.keys()));
    for (const [name, tensor] of values) {
      for (const node of variables.get(name) ?? []) constants.set(node, tensor);
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
