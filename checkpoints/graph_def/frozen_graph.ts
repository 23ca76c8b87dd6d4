import { readBounded } from '../../foundation/files/byte_source.ts';
import type { Reading, ReadModel } from '../read_model.ts';
import { parseGraphDef } from './graph_def.ts';
import { chooseOutputs } from './network/choose_output.ts';
import { graphToModel } from './network/graph_to_model.ts';
import { protoSource } from './network/proto_source.ts';

/** Above any frozen classifier (InceptionV3: 96 MB). */
export const MAX_GRAPH_BYTES = 512 * 2 ** 20;

/**
 * Reads a frozen GraphDef as a float graph.
 * @throws UserError where the file is damaged, or as `graphToModel` does
 */
export async function loadFrozenGraph(path: string, reading?: Reading): Promise<ReadModel> {
  return readFrozenGraph(await readBounded(path, MAX_GRAPH_BYTES), path, reading);
}

/** As `loadFrozenGraph`, of a file's bytes. */
export async function readFrozenGraph(
  bytes: Uint8Array,
  fileName: string,
  reading?: Reading,
): Promise<ReadModel> {
  const source = protoSource(parseGraphDef(bytes, fileName), fileName);
  return graphToModel({ source, outputs: chooseOutputs(source, reading), ...reading });
}
