import { writeFile } from 'node:fs/promises';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  ExampleSchema,
  type FeatureSchema,
} from '../../../datasets/tfrecord/generated/example_pb.ts';
import type { Broken } from '../../../datasets/tfrecord/record_frame.ts';
import { UserError } from '../../../foundation/errors.ts';
import { maskedCrc32c } from '../../../foundation/hashes/crc32c.ts';

type Feature = MessageInitShape<typeof FeatureSchema>;

/** A record's bytes: header, payload, footer. */
export function frame(payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(payload.length + 16);
  bytes.writeBigUInt64LE(BigInt(payload.length));
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, 8)), 8);
  bytes.set(payload, 12);
  bytes.writeUInt32LE(maskedCrc32c(payload), 12 + payload.length);
  return bytes;
}

/** Writes a TFRecord file. */
export async function writeRecords(path: string, payloads: readonly Uint8Array[]): Promise<void> {
  await writeFile(path, Buffer.concat(payloads.map(frame)));
}

export function bytesOf(...values: readonly (Uint8Array | string)[]): Feature {
  const value = values.map((item) => (typeof item === 'string' ? Buffer.from(item) : item));
  return { kind: { case: 'bytesList', value: { value } } };
}

export function int64Of(...values: readonly number[]): Feature {
  return { kind: { case: 'int64List', value: { value: values.map(BigInt) } } };
}

/** A serialized tf.train.Example. */
export function example(feature: Readonly<Record<string, Feature>>): Uint8Array {
  return toBinary(ExampleSchema, create(ExampleSchema, { features: { feature: { ...feature } } }));
}

/** An image's record as slim writes it; `label` counts from 1. */
export function imageExample(label: number, encoded: Uint8Array | string, synset?: string) {
  return example({
    'image/encoded': bytesOf(encoded),
    'image/class/label': int64Of(label),
    ...(synset !== undefined && { 'image/class/synset': bytesOf(synset) }),
  });
}

/** The error of a fault in "the record". */
export const broken: Broken = ({ expected, received, remedy, cause }) =>
  new UserError(`Expected ${expected} in the record but received ${received}.`, {
    ...(remedy !== undefined && { remedy }),
    cause,
  });
