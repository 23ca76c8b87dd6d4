import { halfFloat } from '../../foundation/half_float.ts';
import type { Hdf5Dataset } from '../../foundation/hdf5/hdf5_file.ts';
import type { RefuseHdf5 } from '../../foundation/hdf5/hdf5_reader.ts';
import { elementsOf, MAX_ELEMENTS } from '../graph_def/network/tensor_proto.ts';

/**
 * The numbers of a data set, row-major. Two bytes without a sign are a bfloat16, as Keras 3 stores it.
 * @param name of the data set, for errors
 */
export function floatsOf(
  { shape, type, bytes }: Hdf5Dataset,
  name: string,
  refuse: RefuseHdf5,
): Float32Array {
  const count = elementsOf(shape);
  if (count > MAX_ELEMENTS) throw refuse(`${name} has ${count} numbers`);
  const numberAt = reader(type.kind, type.bytes);
  if (numberAt === undefined) {
    throw refuse(`${name} holds ${type.kind === 'other' ? type.what : 'text'}, not numbers`);
  }
  const data = bytes();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) values[index] = numberAt(view, index * type.bytes);
  return values;
}

type NumberAt = (view: DataView, at: number) => number;

const READERS: Readonly<Record<string, NumberAt>> = {
  float2: (view, at) => halfFloat(view.getUint16(at, true)),
  float4: (view, at) => view.getFloat32(at, true),
  float8: (view, at) => view.getFloat64(at, true),
  signed1: (view, at) => view.getInt8(at),
  signed2: (view, at) => view.getInt16(at, true),
  signed4: (view, at) => view.getInt32(at, true),
  signed8: (view, at) => Number(view.getBigInt64(at, true)),
  unsigned1: (view, at) => view.getUint8(at),
  unsigned2: (view, at) => bfloat16(view.getUint16(at, true)),
  unsigned4: (view, at) => view.getUint32(at, true),
  unsigned8: (view, at) => Number(view.getBigUint64(at, true)),
};

function reader(kind: string, bytes: number): NumberAt | undefined {
  const name = `${kind}${bytes}`;
  return Object.hasOwn(READERS, name) ? READERS[name] : undefined;
}

const SINGLE = new DataView(new ArrayBuffer(4));

/** The upper half of a single float. */
function bfloat16(bits: number): number {
  SINGLE.setUint16(0, bits);
  SINGLE.setUint16(2, 0);
  return SINGLE.getFloat32(0);
}
