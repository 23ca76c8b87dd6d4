import { readBounded } from '../../foundation/files/byte_source.ts';
import { parseGraphDef } from './graph_def.ts';
import { chooseOutput } from './network/choose_output.ts';
import { graphToModel, type ReadModel } from './network/graph_to_model.ts';
import { protoSource } from './network/proto_source.ts';

/** Above any frozen classifier (InceptionV3: 96 MB). */
export const MAX_GRAPH_BYTES = 512 * 2 ** 20;

/**
 * Reads a frozen GraphDef as a LayersModel.
 * @throws UserError where the file is damaged, or naming a node that TF8 has no operation for
 */
export async function loadFrozenGraph(path: string): Promise<ReadModel> {
  return readFrozenGraph(await readBounded(path, MAX_GRAPH_BYTES), path);
}

/** As `loadFrozenGraph`, of a file's bytes. */
export async function readFrozenGraph(bytes: Uint8Array, fileName: string): Promise<ReadModel> {
  const source = protoSource(parseGraphDef(bytes, fileName), fileName);
  return graphToModel({ source, output: chooseOutput(source) });
}
