/** Values of node attributes (tensorflow/core/framework/attr_value.proto). */

import { create } from '@bufbuild/protobuf';
import {
  type AttrValue,
  AttrValueSchema,
  type TensorShapeProto,
  TensorShapeProtoSchema,
} from '../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { InvalidValueError } from '../../foundation/errors.ts';
import { littleEndian } from '../../foundation/little_endian.ts';

/** The dtypes of TensorFlow.js that are compiled. */
export type DataType = 'float32' | 'int32' | 'bool';

/** Numbers of tensorflow/core/framework/types.proto. */
export const DT = { float32: 1, int32: 3, bool: 10, resource: 20 } as const;

/** @throws InvalidValueError for strings and complex numbers */
export function compiledDtype(dtype: string): DataType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new InvalidValueError(`Expected a dtype of float32, int32 or bool but received ${dtype}`);
}

export function dtypeAttribute(dtype: keyof typeof DT): AttrValue {
  return create(AttrValueSchema, { value: { case: 'type', value: DT[dtype] } });
}

export function shapeAttribute(shape: readonly number[]): AttrValue {
  return create(AttrValueSchema, { value: { case: 'shape', value: shapeProto(shape) } });
}

export function shapeProto(shape: readonly number[]): TensorShapeProto {
  return create(TensorShapeProtoSchema, { dim: shape.map((size) => ({ size: BigInt(size) })) });
}

export function boolAttribute(value: boolean): AttrValue {
  return create(AttrValueSchema, { value: { case: 'b', value } });
}

export function intAttribute(value: number): AttrValue {
  return create(AttrValueSchema, { value: { case: 'i', value: BigInt(value) } });
}

export function floatAttribute(value: number): AttrValue {
  return create(AttrValueSchema, { value: { case: 'f', value } });
}

export function stringAttribute(value: string): AttrValue {
  return create(AttrValueSchema, { value: { case: 's', value: new TextEncoder().encode(value) } });
}

export function intsAttribute(values: readonly number[]): AttrValue {
  return create(AttrValueSchema, { value: { case: 'list', value: { i: values.map(BigInt) } } });
}

/** @param values row-major */
export function tensorAttribute(
  values: ArrayLike<number | boolean>,
  shape: readonly number[],
  dtype: DataType,
): AttrValue {
  const value = {
    dtype: DT[dtype],
    tensorShape: shapeProto(shape),
    tensorContent:
      dtype === 'bool'
        ? Uint8Array.from(values, Number)
        : littleEndian(values as ArrayLike<number>, dtype),
  };
  return create(AttrValueSchema, { value: { case: 'tensor', value } });
}
