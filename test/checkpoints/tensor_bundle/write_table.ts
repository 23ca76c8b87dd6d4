import { create, toBinary } from '@bufbuild/protobuf';
import {
  BundleEntryProtoSchema,
  BundleHeaderProtoSchema,
  SavedTensorSlicesSchema,
  TensorShapeProtoSchema,
} from '../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import type { WeightTensor } from '../../../checkpoints/weight_tensor.ts';
import { maskedCrc32c } from '../../../foundation/hashes/crc32c.ts';
import { littleEndian } from '../support.ts';

export type Entry = readonly [key: string | Uint8Array, value: Uint8Array];

const MAGIC = 0xdb4775248b80fb57n;

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** A block with restarts every 16 keys, as LevelDB writes it. */
function block(entries: readonly Entry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  const restarts: number[] = [];
  let before = new Uint8Array(0);
  entries.forEach(([name, value], index) => {
    const key = typeof name === 'string' ? new TextEncoder().encode(name) : name;
    const isRestart = index % 16 === 0;
    if (isRestart) restarts.push(size);
    let shared = 0;
    while (!isRestart && shared < key.length && key[shared] === before[shared]) shared++;
    const sizes = [shared, key.length - shared, value.length].flatMap(varint);
    parts.push(Uint8Array.from(sizes), key.subarray(shared), value);
    size += sizes.length + key.length - shared + value.length;
    before = new Uint8Array(key);
  });
  if (restarts.length === 0) restarts.push(0);
  const tail = Buffer.alloc(4 * restarts.length + 4);
  for (const [index, restart] of restarts.entries()) tail.writeUInt32LE(restart, 4 * index);
  tail.writeUInt32LE(restarts.length, 4 * restarts.length);
  return Buffer.concat([...parts, tail]);
}

/** The block with its compression (0) and CRC. */
function withTrailer(content: Uint8Array, compression = 0): Buffer {
  const bytes = Buffer.concat([content, Buffer.of(compression), Buffer.alloc(4)]);
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, content.length + 1)), content.length + 1);
  return bytes;
}

export interface TableOptions {
  readonly entriesPerBlock?: number;
  readonly compression?: number;
  /** Changes the handles of the data blocks. */
  readonly handles?: (handles: [number, number][]) => [number, number][];
}

/** A sorted table of entries, which must be in the order of their keys. */
export function table(entries: readonly Entry[], options: TableOptions = {}): Buffer {
  const { entriesPerBlock = 20, compression = 0, handles = (same) => same } = options;
  const parts: Buffer[] = [];
  let size = 0;
  const add = (part: Buffer): [number, number] => {
    parts.push(part);
    size += part.length;
    return [size - part.length, part.length - 5];
  };
  const blocks: { key: string | Uint8Array; handle: [number, number] }[] = [];
  for (let start = 0; start < entries.length; start += entriesPerBlock) {
    const some = entries.slice(start, start + entriesPerBlock);
    blocks.push({
      key: some.at(-1)![0],
      handle: add(withTrailer(block(some), compression)),
    });
  }
  const meta = add(withTrailer(block([])));
  const changed = handles(blocks.map(({ handle }) => handle));
  const index = add(
    withTrailer(
      block(
        changed.map((handle, at) => [
          blocks[at].key,
          Uint8Array.from(handle.flatMap((part) => varint(part))),
        ]),
      ),
    ),
  );
  const footer = Buffer.alloc(48);
  footer.set([...meta, ...index].flatMap((part) => varint(part)));
  footer.writeBigUInt64LE(MAGIC, 40);
  return Buffer.concat([...parts, footer]);
}

function shapeOf(shape: readonly number[]) {
  return create(TensorShapeProtoSchema, { dim: shape.map((size) => ({ size: BigInt(size) })) });
}

/** What an entry of the index says; `fields` changes it. */
export type EntryFields = Partial<{
  dtype: number;
  shardId: number;
  offset: bigint;
  size: bigint;
  crc32c: number;
  shape: readonly number[];
}>;

/** A checkpoint of version 2 in one shard. */
export function bundle(
  tensors: ReadonlyMap<string, WeightTensor>,
  fields: Readonly<Record<string, EntryFields>> = {},
  header: { numShards?: number; endianness?: number } = {},
): { index: Buffer; data: Buffer } {
  const data: Uint8Array[] = [];
  let offset = 0;
  const entries = [...tensors.keys()].sort().map((name): Entry => {
    const { shape, values } = tensors.get(name)!;
    const bytes = littleEndian(values);
    const { shape: otherShape, ...others } = fields[name] ?? {};
    const entry = create(BundleEntryProtoSchema, {
      dtype: 1,
      shape: shapeOf(otherShape ?? shape),
      offset: BigInt(offset),
      size: BigInt(bytes.length),
      crc32c: maskedCrc32c(bytes),
      ...others,
    });
    data.push(bytes);
    offset += bytes.length;
    return [name, toBinary(BundleEntryProtoSchema, entry)];
  });
  const first = toBinary(
    BundleHeaderProtoSchema,
    create(BundleHeaderProtoSchema, { numShards: 1, ...header }),
  );
  return { index: table([['', first], ...entries]), data: Buffer.concat(data) };
}

/** A checkpoint of version 1. Keys are made up: only their order matters. */
export function versionOne(tensors: ReadonlyMap<string, WeightTensor>): Buffer {
  const names = [...tensors.keys()].sort();
  const list = create(SavedTensorSlicesSchema, {
    meta: {
      tensor: names.map((name) => ({ name, shape: shapeOf(tensors.get(name)!.shape), type: 1 })),
    },
  });
  const entries = names.map((name): Entry => {
    const { values } = tensors.get(name)!;
    const slices = create(SavedTensorSlicesSchema, {
      data: { name, data: { floatVal: [...values] } },
    });
    return [`\0${name}`, toBinary(SavedTensorSlicesSchema, slices)];
  });
  return table([['', toBinary(SavedTensorSlicesSchema, list)], ...entries]);
}
