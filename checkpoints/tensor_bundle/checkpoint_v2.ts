/**
 * TensorFlow's checkpoint of version 2, a "tensor bundle": `<prefix>.index`, a sorted table of the tensors'
 * places, and `<prefix>.data-00000-of-00001` and its like with their bytes.
 */
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { type ByteSource, fileSource } from '../../foundation/files/byte_source.ts';
import { maskedCrc32c } from '../../foundation/hashes/crc32c.ts';
import {
  type BundleEntryProto,
  BundleEntryProtoSchema,
  type BundleHeaderProto,
  BundleHeaderProtoSchema,
  TrackableObjectGraphSchema,
} from '../graph_def/generated/graph_def_pb.ts';
import {
  decodeContent,
  elementsOf,
  type GraphTensor,
  MAX_ELEMENTS,
  readShape,
  typeBytes,
  typeName,
} from '../graph_def/network/tensor_proto.ts';
import { damagedCheckpoint } from './errors.ts';
import { tableEntries } from './sorted_table.ts';
import type { Checkpoint, CheckpointObject, VariableInfo } from './variables.ts';

/** Where TensorFlow 2 keeps the names of the objects. */
const OBJECT_GRAPH = '_CHECKPOINTABLE_OBJECT_GRAPH';
/** What a variable calls its tensor. */
const VARIABLE_VALUE = 'VARIABLE_VALUE';
const MAX_OBJECT_GRAPH_BYTES = 2 ** 26;
const MAX_SHARDS = 99_999;
const LITTLE_ENDIAN = 0;

interface Entry extends VariableInfo {
  readonly proto: BundleEntryProto;
}

/** Opens a shard by its number; it is closed by the reader. */
export type OpenShard = (shard: number, shards: number) => Promise<ByteSource>;

/**
 * Opens the bundle of a prefix: `model.ckpt-100` of `model.ckpt-100.index`.
 * @throws UserError where the index is missing or damaged
 */
export async function openCheckpointV2(prefix: string): Promise<Checkpoint> {
  const index = await fileSource(`${prefix}.index`);
  try {
    return await readCheckpointV2(index, (shard, shards) =>
      fileSource(`${prefix}.data-${padded(shard)}-of-${padded(shards)}`),
    );
  } finally {
    await index.close();
  }
}

/**
 * Reads the index of a bundle; shards are opened when their tensors are asked for.
 * @throws UserError where the index is damaged
 */
export async function readCheckpointV2(
  index: ByteSource,
  openShard: OpenShard,
): Promise<Checkpoint> {
  const { name } = index;
  const entries = new Map<string, Entry>();
  let shards: number | undefined;
  const decoder = new TextDecoder();
  for await (const { key, value } of tableEntries(index)) {
    const tensor = decoder.decode(key);
    if (key.length === 0) {
      shards = readHeader(parse(BundleHeaderProtoSchema, value, `the header of ${name}`), name);
      continue;
    }
    const proto = parse(BundleEntryProtoSchema, value, `entry ${tensor} of ${name}`);
    const shape = readShape(proto.shape, (what) => damagedEntry(name, tensor, what));
    entries.set(tensor, { dtype: typeName(proto.dtype), shape, proto });
  }
  if (shards === undefined) {
    throw damagedCheckpoint(name, 'expected an entry with the number of shards but it has none');
  }
  const bundle = new Bundle(name, entries, shards, openShard);
  return {
    name,
    version: 2,
    variables: entries,
    ...(await bundle.objects()),
    read: (names) => bundle.read(names),
  };
}

class Bundle {
  private readonly name: string;
  private readonly entries: ReadonlyMap<string, Entry>;
  private readonly shards: number;
  private readonly openShard: OpenShard;

  constructor(
    name: string,
    entries: ReadonlyMap<string, Entry>,
    shards: number,
    openShard: OpenShard,
  ) {
    this.name = name;
    this.entries = entries;
    this.shards = shards;
    this.openShard = openShard;
  }

  async read(names: Iterable<string>): Promise<Map<string, GraphTensor>> {
    const tensors = new Map<string, GraphTensor>();
    const open = new Map<number, ByteSource>();
    let elements = 0;
    try {
      for (const name of names) {
        const entry = this.entries.get(name)!;
        elements += elementsOf(entry.shape);
        if (elements > MAX_ELEMENTS) {
          throw damagedEntry(
            this.name,
            name,
            `expected at most ${MAX_ELEMENTS} elements in all but shape [${entry.shape}] exceeds them`,
          );
        }
        tensors.set(name, await this.tensor(name, entry, open));
      }
    } finally {
      for (const shard of open.values()) await shard.close();
    }
    return tensors;
  }

  /** The tensor that holds the objects is a string of its own format. */
  async objects(): Promise<Pick<Checkpoint, 'objectNames' | 'objects'>> {
    const objectNames = new Map<string, string | undefined>();
    const entry = this.entries.get(OBJECT_GRAPH);
    if (entry === undefined) return { objectNames, objects: [] };
    const open = new Map<number, ByteSource>();
    try {
      const bytes = await this.bytes(OBJECT_GRAPH, entry, open, MAX_OBJECT_GRAPH_BYTES);
      const { nodes } = parse(
        TrackableObjectGraphSchema,
        onlyString(bytes, this.name),
        `${OBJECT_GRAPH} of ${this.name}`,
      );
      const objects = nodes.map(({ attributes, children }): CheckpointObject => {
        const [value] = attributes.filter(({ name }) => name === VARIABLE_VALUE);
        const key = value?.checkpointKey;
        return {
          children: children.map(({ nodeId, localName }) => ({ name: localName, node: nodeId })),
          key: key !== undefined && this.entries.has(key) ? key : undefined,
        };
      });
      for (const { fullName, checkpointKey } of nodes.flatMap(({ attributes }) => attributes)) {
        if (fullName === '' || !this.entries.has(checkpointKey)) continue;
        objectNames.set(fullName, objectNames.has(fullName) ? undefined : checkpointKey);
      }
      return { objectNames, objects };
    } finally {
      for (const shard of open.values()) await shard.close();
    }
  }

  private async tensor(
    name: string,
    entry: Entry,
    open: Map<number, ByteSource>,
  ): Promise<GraphTensor> {
    const { dtype, shape, proto } = entry;
    const elementBytes = typeBytes(proto.dtype);
    if (elementBytes === undefined) return { dtype, shape, values: undefined };
    if (proto.slices.length > 0) {
      throw new UserError(
        `Expected whole tensors in ${this.name} but ${name} was saved in ${proto.slices.length} slices`,
        { remedy: 'Save the checkpoint without partitioned variables.' },
      );
    }
    const expected = elementBytes * elementsOf(shape);
    if (proto.size !== BigInt(expected)) {
      throw damagedEntry(
        this.name,
        name,
        `expected ${expected} bytes for ${dtype} of shape [${shape}] but it has ${proto.size}`,
      );
    }
    const content = await this.bytes(name, entry, open, expected);
    const received = maskedCrc32c(content);
    if (received !== proto.crc32c) {
      throw damagedEntry(
        this.name,
        name,
        `expected the masked CRC-32C ${proto.crc32c} but received ${received}`,
      );
    }
    return { dtype, shape, values: decodeContent(proto.dtype, content)! };
  }

  private async bytes(
    name: string,
    { proto }: Entry,
    open: Map<number, ByteSource>,
    maxBytes: number,
  ): Promise<Uint8Array> {
    const { shardId, offset, size } = proto;
    if (shardId < 0 || shardId >= this.shards) {
      throw damagedEntry(
        this.name,
        name,
        `expected a shard in [0, ${this.shards}) but received ${shardId}`,
      );
    }
    const shard = open.get(shardId) ?? (await this.openShard(shardId, this.shards));
    open.set(shardId, shard);
    const fits =
      offset >= 0n && size >= 0n && size <= maxBytes && offset + size <= BigInt(shard.size);
    if (!fits) {
      throw damagedEntry(
        this.name,
        name,
        `expected at most ${maxBytes} bytes inside the ${shard.size} of ${shard.name} but received ${size} from ${offset} on`,
      );
    }
    return shard.read(Number(offset), Number(size));
  }
}

function readHeader({ numShards, endianness }: BundleHeaderProto, name: string): number {
  if (numShards < 1 || numShards > MAX_SHARDS) {
    throw damagedCheckpoint(name, `expected 1 to ${MAX_SHARDS} shards but received ${numShards}`);
  }
  if (endianness !== LITTLE_ENDIAN) {
    throw damagedCheckpoint(name, 'expected little-endian tensors but they are big-endian');
  }
  return numShards;
}

/**
 * A tensor of one string: its length as a varint, the CRC-32C of the lengths in 4 bytes, the string
 * (tensor_bundle.cc, ReadStringTensor).
 */
function onlyString(bytes: Uint8Array, name: string): Uint8Array {
  let length = 0;
  let at = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++];
    if (byte === undefined || factor > 2 ** 28) {
      throw damagedEntry(
        name,
        OBJECT_GRAPH,
        `expected a string but received ${bytes.length} bytes`,
      );
    }
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  const start = at + 4;
  if (start + length !== bytes.length) {
    throw damagedEntry(
      name,
      OBJECT_GRAPH,
      `expected a string of ${length} bytes but received ${bytes.length - start}`,
    );
  }
  return bytes.subarray(start);
}

function parse<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  where: string,
): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw damagedCheckpoint(
      where,
      `expected a serialized ${schema.typeName} but: ${messageOf(error)}`,
      error,
    );
  }
}

function damagedEntry(name: string, tensor: string, what: string): UserError {
  return damagedCheckpoint(name, `tensor ${tensor}: ${what}`);
}

function padded(shard: number): string {
  return String(shard).padStart(5, '0');
}
