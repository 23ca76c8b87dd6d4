import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { TensorProtoSchema } from '../../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { readTensor } from '../../../../checkpoints/graph_def/network/tensor_proto.ts';
import { UserError } from '../../../../foundation/errors.ts';

const broken = (what: string) => new UserError(what);
const shape = (...sides: number[]) => ({ dim: sides.map((size) => ({ size: BigInt(size) })) });

describe('readTensor', () => {
  const half = (...bits: number[]) =>
    readTensor(
      create(TensorProtoSchema, { dtype: 19, tensorShape: shape(bits.length), halfVal: bits }),
      100,
      broken,
    ).values;

  it('reads half precision: normal and subnormal numbers, infinities, NaN', () => {
    assert.deepEqual(
      half(0x3c00, 0xc000, 0x3555, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00),
      Float32Array.of(1, -2, 0.333251953125, 2 ** -24, -0, Infinity, -Infinity, Number.NaN),
    );
  });

  it('reads bfloat16, float64 and int64', () => {
    const read = (init: object) =>
      readTensor(create(TensorProtoSchema, { tensorShape: shape(2), ...init }), 100, broken).values;
    assert.deepEqual(read({ dtype: 14, halfVal: [0x3f80, 0xc040] }), Float32Array.of(1, -3));
    assert.deepEqual(read({ dtype: 2, doubleVal: [0.1, 2] }), Float32Array.of(0.1, 2));
    assert.deepEqual(
      read({ dtype: 9, int64Val: [-1n, 2n ** 62n] }),
      Int32Array.of(-1, 2 ** 31 - 1),
    );
    assert.deepEqual(
      read({ dtype: 14, tensorContent: Uint8Array.of(0x80, 0x3f, 0x40, 0xc0) }),
      Float32Array.of(1, -3),
    );
  });

  it('refuses more dimensions than operations take, and more elements than are left', () => {
    const ones = shape(...new Array<number>(33).fill(1));
    assert.throws(
      () => readTensor(create(TensorProtoSchema, { dtype: 1, tensorShape: ones }), 100, broken),
      /expected at most 32 dimensions but received 33/,
    );
    assert.throws(
      () =>
        readTensor(create(TensorProtoSchema, { dtype: 1, tensorShape: shape(101) }), 100, broken),
      /expected at most \d+ elements in the file but shape \[101\] exceeds them/,
    );
  });
});
