/**
 * TensorFlow's checkpoint of version 1: one sorted table whose values are SavedTensorSlices. That of key ""
 * lists the tensors, each of the others holds (a slice of) one.
 */
import { create, fromBinary } from '@bufbuild/protobuf';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { type ByteSource, fileSource } from '../../foundation/files/byte_source.ts';
import {
  type SavedTensorSlices,
  SavedTensorSlicesSchema,
  TensorProtoSchema,
  TensorShapeProtoSchema,
  type TensorSliceProto,
} from '../graph_def/generated/graph_def_pb.ts';
import {
  type GraphTensor,
  MAX_ELEMENTS,
  readShape,
  readTensor,
  typeName,
} from '../graph_def/network/tensor_proto.ts';
import { damagedCheckpoint } from './errors.ts';
import { tableEntries } from './sorted_table.ts';
import type { Checkpoint, VariableInfo } from './variables.ts';

/**
 * Opens a checkpoint of one file.
 * @throws UserError where it is missing, damaged or none of version 1
 */
export function openCheckpointV1(path: string): Promise<Checkpoint> {
  return readCheckpointV1(() => fileSource(path));
}

/**
 * Reads the list of a checkpoint; its source is opened again whenever tensors are asked for.
 * @throws UserError where it is damaged or none of version 1
 */
export async function readCheckpointV1(open: () => Promise<ByteSource>): Promise<Checkpoint> {
  const listed = await open();
  try {
    const variables = await readList(listed);
    return {
      name: listed.name,
      version: 1,
      variables,
      objectNames: new Map(),
      objects: [],
      read: async (names) => {
        const source = await open();
        try {
          return await readTensors(source, variables, new Set(names));
        } finally {
          await source.close();
        }
      },
    };
  } finally {
    await listed.close();
  }
}

interface Listed extends VariableInfo {
  /** DataType. */
  readonly type: number;
}

/** What the entry of key "" lists: it is the table's first. */
async function readList(source: ByteSource): Promise<Map<string, Listed>> {
  const { name } = source;
  for await (const { key, value } of tableEntries(source)) {
    if (key.length > 0) break;
    const variables = new Map<string, Listed>();
    for (const tensor of parse(value, name).meta?.tensor ?? []) {
      if (tensor.slice.length > 1) {
        throw new UserError(
          `Expected whole tensors in ${name} but ${tensor.name} was saved in ${tensor.slice.length} slices`,
          { remedy: 'Save the checkpoint without partitioned variables.' },
        );
      }
      const shape = readShape(tensor.shape, (what) => damagedTensor(name, tensor.name, what));
      variables.set(tensor.name, {
        dtype: typeName(tensor.type),
        shape,
        type: tensor.type,
      });
    }
    return variables;
  }
  throw damagedCheckpoint(name, 'expected an entry that lists its tensors but it has none');
}

async function readTensors(
  source: ByteSource,
  variables: ReadonlyMap<string, Listed>,
  wanted: ReadonlySet<string>,
): Promise<Map<string, GraphTensor>> {
  const { name } = source;
  const tensors = new Map<string, GraphTensor>();
  let elements = 0;
  for await (const { key, value } of tableEntries(source)) {
    if (key.length === 0) continue;
    const { data } = parse(value, name);
    if (data?.data === undefined) continue;
    const info = variables.get(data.name);
    if (info === undefined || !wanted.has(data.name)) continue;
    const broken = (what: string) => damagedTensor(name, data.name, what);
    if (isPart(data.slice, info.shape)) throw broken('expected the whole tensor but it is a slice');
    // Type and shape of the values may be left out: the list has them.
    if (data.data.dtype !== 0 && data.data.dtype !== info.type) {
      throw broken(`expected ${info.dtype} but received ${typeName(data.data.dtype)}`);
    }
    const tensorShape = create(TensorShapeProtoSchema, {
      dim: info.shape.map((size) => ({ size: BigInt(size) })),
    });
    const proto = create(TensorProtoSchema, { ...data.data, dtype: info.type, tensorShape });
    const tensor = readTensor(proto, MAX_ELEMENTS - elements, broken);
    elements += tensor.values?.length ?? 0;
    tensors.set(data.name, tensor);
  }
  for (const missing of wanted) {
    if (!tensors.has(missing)) {
      throw damagedTensor(name, missing, 'expected its values but they are missing');
    }
  }
  return tensors;
}

/** Whether a slice leaves out some of the tensor. */
function isPart(slice: TensorSliceProto | undefined, shape: readonly number[]): boolean {
  return (slice?.extent ?? []).some(
    ({ start, length }, axis) =>
      start !== 0n || (length !== undefined && length !== BigInt(shape[axis] ?? -1)),
  );
}

function parse(bytes: Uint8Array, name: string): SavedTensorSlices {
  try {
    return fromBinary(SavedTensorSlicesSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw damagedCheckpoint(
      name,
      `expected serialized SavedTensorSlices but: ${messageOf(error)}`,
      error,
    );
  }
}

function damagedTensor(name: string, tensor: string, what: string): UserError {
  return damagedCheckpoint(name, `tensor ${tensor}: ${what}`);
}
