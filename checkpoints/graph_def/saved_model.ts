/**
 * TensorFlow's SavedModel: `saved_model.pb` with the graph and its functions, `variables/` with a
 * checkpoint of version 2.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import type { Reading, ReadModel } from '../read_model.ts';
import { openCheckpointV2 } from '../tensor_bundle/checkpoint_v2.ts';
import type { Checkpoint } from '../tensor_bundle/variables.ts';
import { capturedVariables } from './captured_variables.ts';
import { MAX_GRAPH_BYTES } from './frozen_graph.ts';
import {
  type MetaGraphDef,
  type SavedModel,
  SavedModelSchema,
  type SignatureDef,
  type TensorInfo,
} from './generated/graph_def_pb.ts';
import { damagedGraph } from './graph_def.ts';
import type { NodeInput, PartialShape } from './network/graph_source.ts';
import { parseInput } from './network/graph_source.ts';
import { type GraphVariable, graphToModel } from './network/graph_to_model.ts';
import { protoSource } from './network/proto_source.ts';
import type { GraphTensor } from './network/tensor_proto.ts';
import { SAVED_MODEL_FILE } from './saved_model_file.ts';

const SERVING_TAG = 'serve';
const SERVING_SIGNATURE = 'serving_default';
const INITIALIZERS = new Set(['__saved_model_init_op', '__saved_model_train_op']);
/** Of several outputs, what a classifier's is called. */
const CLASS_OUTPUT = /predictions|probabilities|scores|softmax|logits/i;

/**
 * Reads the SavedModel in a folder as a float graph: what its signature computes, with its variables.
 * @throws UserError where a file is missing or damaged, or as `graphToModel` does
 */
export async function loadSavedModel(folder: string, reading?: Reading): Promise<ReadModel> {
  const path = join(folder, SAVED_MODEL_FILE);
  const bytes = await readBounded(path, MAX_GRAPH_BYTES);
  const variables = join(folder, 'variables', 'variables');
  const openVariables = async () => {
    if (!existsSync(`${variables}.index`)) return undefined;
    return openCheckpointV2(variables);
  };
  return readSavedModel(bytes, path, openVariables, reading);
}

/**
 * As `loadSavedModel`, of the bytes of saved_model.pb.
 * @param openVariables gives undefined where there are none
 */
export async function readSavedModel(
  bytes: Uint8Array,
  fileName: string,
  openVariables: () => Promise<Checkpoint | undefined>,
  reading?: Reading,
): Promise<ReadModel> {
  const graph = servingGraph(bytes, fileName);
  const { graphDef, signatureDef } = graph;
  if (graphDef === undefined) throw damagedGraph(fileName, 'expected a graph but it has none');
  const signature = servingSignature(signatureDef, fileName);
  return graphToModel({
    ...reading,
    source: protoSource(graphDef, fileName),
    outputs: outputsOf(signature, fileName, reading),
    inputShapes: shapesOf(signature),
    readVariables: async (variables) => {
      const checkpoint = await openVariables();
      if (checkpoint === undefined) {
        throw damagedGraph(
          fileName,
          `expected a folder "variables" beside it with ${variables[0].name} and others but it is not there`,
        );
      }
      return readVariables(variables, graph, checkpoint);
    },
  });
}

function servingGraph(bytes: Uint8Array, fileName: string): MetaGraphDef {
  let savedModel: SavedModel;
  try {
    savedModel = fromBinary(SavedModelSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw damagedGraph(
      fileName,
      `expected a serialized SavedModel but ${bytes.length} bytes do not parse as one (${messageOf(error)})`,
      error,
    );
  }
  const { metaGraphs } = savedModel;
  const serving = metaGraphs.find(({ metaInfoDef }) => metaInfoDef?.tags.includes(SERVING_TAG));
  const graph = serving ?? metaGraphs[0];
  if (graph === undefined) throw damagedGraph(fileName, 'expected a graph but it has none');
  return graph;
}

function servingSignature(
  signatures: Readonly<Record<string, SignatureDef>>,
  fileName: string,
): SignatureDef {
  const names = Object.keys(signatures).filter((name) => !INITIALIZERS.has(name));
  const chosen = names.includes(SERVING_SIGNATURE)
    ? SERVING_SIGNATURE
    : names.length === 1
      ? names[0]
      : undefined;
  if (chosen !== undefined) return signatures[chosen];
  throw new UserError(
    `Expected a signature ${SERVING_SIGNATURE}, or a single one, in ${fileName} but received ${names.join(', ') || 'none'}`,
    { remedy: 'Save the model again with one signature: images to class probabilities.' },
  );
}

/** The one that a classifier is for where its name tells; else, or where its reader chooses, all of them. */
function outputsOf(
  { outputs }: SignatureDef,
  fileName: string,
  { mayEndEarly = false }: Reading = {},
): NodeInput[] {
  const names = Object.keys(outputs);
  const likely = names.filter((name) => CLASS_OUTPUT.test(name));
  const chosen = likely.length === 1 && !mayEndEarly ? likely : names;
  const inputs = chosen.flatMap((name) => parseInput(outputs[name].name) ?? []);
  if (inputs.length > 0) return inputs;
  throw new UserError(
    `Expected outputs in the signature of ${fileName} but received ${names.length}`,
    { remedy: 'Save the model again with its outputs in the signature.' },
  );
}

function shapesOf({ inputs }: SignatureDef): Map<string, PartialShape> {
  return new Map(
    Object.values(inputs).flatMap((info) => {
      const node = parseInput(info.name)?.node;
      const shape = shapeOf(info);
      return node === undefined || shape === undefined ? [] : [[node, shape] as const];
    }),
  );
}

function shapeOf({ tensorShape }: TensorInfo): PartialShape | undefined {
  if (tensorShape === undefined || tensorShape.unknownRank) return undefined;
  return tensorShape.dim.map(({ size }) => (size < 0n ? undefined : Number(size)));
}

/** By the objects that own them, else by the names of the graph: in TensorFlow 2 those of the objects. */
async function readVariables(
  variables: readonly GraphVariable[],
  graph: MetaGraphDef,
  checkpoint: Checkpoint,
): Promise<Map<string, GraphTensor>> {
  const captured = capturedVariables(graph, checkpoint.objects);
  const keys = new Map<string, string>();
  for (const { node, name } of variables) {
    const key =
      captured.get(node) ??
      (checkpoint.variables.has(name) ? name : checkpoint.objectNames.get(name));
    if (key === undefined) {
      throw new UserError(
        `Expected one variable ${name} in ${checkpoint.name} but ${checkpoint.objectNames.has(name) ? 'several have that name' : 'there is none'}`,
        {
          remedy:
            'Copy the folder anew: saved_model.pb and variables/ do not belong together. If they do, save the model with another call: model.export(dir), tf.saved_model.save(model, dir), or a frozen graph.',
        },
      );
    }
    keys.set(node, key);
  }
  const tensors = await checkpoint.read(new Set(keys.values()));
  return new Map([...keys].map(([node, key]) => [node, tensors.get(key)!]));
}
