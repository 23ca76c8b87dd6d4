import { fromBinary } from '@bufbuild/protobuf';
import { messageOf } from '../../foundation/errors.ts';
import { compareCodePoints } from '../order/order.ts';
import { ExampleSchema, type Feature } from './generated/example_pb.ts';
import type { BrokenRecord } from './record_frame.ts';

/** Key → feature of a tf.train.Example. */
export type ExampleFeatures = Readonly<Record<string, Feature>>;

/** Keys that are named of an Example that lacks one. */
const KEYS_SHOWN = 20;

const REMEDY =
  "Write the records with ImageNet's standard keys, as slim's build_imagenet_data.py does.";

/** Parses a serialized tf.train.Example. Throws what `broken` makes where it is none. */
export function parseExample(payload: Uint8Array, broken: BrokenRecord): ExampleFeatures {
  try {
    const example = fromBinary(ExampleSchema, payload, { readUnknownFields: false });
    return example.features?.feature ?? {};
  } catch (cause) {
    throw broken({
      expected: 'a serialized tf.train.Example',
      received: `${payload.length} bytes that do not parse as one (${messageOf(cause)})`,
      cause,
    });
  }
}

/** The one value of a bytes feature, a view. Throws what `broken` makes where there is not one. */
export function bytesFeature(
  features: ExampleFeatures,
  key: string,
  broken: BrokenRecord,
): Uint8Array {
  const kind = features[key]?.kind;
  if (kind?.case === 'bytesList' && kind.value.value.length === 1) return kind.value.value[0];
  throw missing(features, key, 'bytes', broken);
}

/** The one value of an int64 feature. Throws what `broken` makes where there is not one. */
export function int64Feature(features: ExampleFeatures, key: string, broken: BrokenRecord): bigint {
  const kind = features[key]?.kind;
  if (kind?.case === 'int64List' && kind.value.value.length === 1) return kind.value.value[0];
  throw missing(features, key, 'int64', broken);
}

/** A bytes feature as UTF-8; undefined where there is none of one value, or an empty one. */
export function textFeature(features: ExampleFeatures, key: string): string | undefined {
  const kind = features[key]?.kind;
  if (kind?.case !== 'bytesList' || kind.value.value.length !== 1) return undefined;
  return new TextDecoder().decode(kind.value.value[0]) || undefined;
}

function missing(
  features: ExampleFeatures,
  key: string,
  type: string,
  broken: BrokenRecord,
): Error {
  const expected = `one ${type} value for ${key}`;
  const kind = features[key]?.kind;
  if (kind?.case !== undefined) {
    const { case: list, value } = kind;
    const found = list.replace('List', '');
    return broken({ expected, received: `${value.value.length} of ${found}`, remedy: REMEDY });
  }
  const keys = Object.keys(features).sort(compareCodePoints);
  const more = keys.length > KEYS_SHOWN ? ` and ${keys.length - KEYS_SHOWN} more` : '';
  const shown = keys.slice(0, KEYS_SHOWN).join(', ');
  return broken({
    expected,
    received: keys.length === 0 ? 'an Example without features' : `only ${shown}${more}`,
    remedy: REMEDY,
  });
}
