import type { UserError } from '../../../foundation/errors.ts';
import type { TensorProto, TensorShapeProto } from '../generated/graph_def_pb.ts';

/** A tensor of a TensorFlow file. */
export interface GraphTensor {
  /** TensorFlow's name of the type: "float32", "int32", … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /**
   * Row-major: floating-point numbers of any width in single precision, integers as int32; undefined
   * of other types.
   */
  readonly values: Float32Array | Int32Array | undefined;
}

/**
 * More elements than any classifier of this project has (InceptionV3: 24 million), 256 MiB in all:
 * a damaged shape with one repeated value must not exhaust the memory.
 */
export const MAX_ELEMENTS = 2 ** 26;

/** Far above what TensorFlow's own operations take. */
const MAX_DIMENSIONS = 32;

/** Makes the error of what is wrong with a tensor: "expected … but …". */
export type BrokenTensor = (what: string) => UserError;

interface NumberType {
  readonly name: string;
  readonly bytes: number;
  readonly kind: 'float' | 'integer';
  readonly read: (view: DataView, offset: number) => number;
  /** The listed values of a tensor that has no raw content. */
  readonly list: (tensor: TensorProto) => readonly (number | bigint | boolean)[];
  /** A listed value as a number. */
  readonly decode?: (listed: number) => number;
}

/** By the number of DataType in tensorflow/core/framework/types.proto. */
const NUMBER_TYPES: ReadonlyMap<number, NumberType> = new Map<number, NumberType>([
  [
    1,
    float(
      'float32',
      4,
      (view, at) => view.getFloat32(at, true),
      ({ floatVal }) => floatVal,
    ),
  ],
  [
    2,
    float(
      'float64',
      8,
      (view, at) => view.getFloat64(at, true),
      ({ doubleVal }) => doubleVal,
    ),
  ],
  [
    14,
    {
      ...float('bfloat16', 2, (view, at) => fromBfloat16(view.getUint16(at, true)), halves),
      decode: fromBfloat16,
    },
  ],
  [
    19,
    {
      ...float('float16', 2, (view, at) => fromFloat16(view.getUint16(at, true)), halves),
      decode: fromFloat16,
    },
  ],
  [
    3,
    integer(
      'int32',
      4,
      (view, at) => view.getInt32(at, true),
      ({ intVal }) => intVal,
    ),
  ],
  [
    4,
    integer(
      'uint8',
      1,
      (view, at) => view.getUint8(at),
      ({ intVal }) => intVal,
    ),
  ],
  [
    5,
    integer(
      'int16',
      2,
      (view, at) => view.getInt16(at, true),
      ({ intVal }) => intVal,
    ),
  ],
  [
    6,
    integer(
      'int8',
      1,
      (view, at) => view.getInt8(at),
      ({ intVal }) => intVal,
    ),
  ],
  [
    9,
    integer(
      'int64',
      8,
      (view, at) => saturated(view.getBigInt64(at, true)),
      ({ int64Val }) => int64Val,
    ),
  ],
  [
    10,
    integer(
      'bool',
      1,
      (view, at) => view.getUint8(at),
      ({ boolVal }) => boolVal,
    ),
  ],
]);

const STRING = 7;

/** TensorFlow's name of a DataType. */
export function typeName(dataType: number): string {
  if (dataType === STRING) return 'string';
  return NUMBER_TYPES.get(dataType)?.name ?? `type ${dataType}`;
}

/** Bytes of one element; undefined where it is no number. */
export function typeBytes(dataType: number): number | undefined {
  return NUMBER_TYPES.get(dataType)?.bytes;
}

/**
 * A shape whose sides are known; a scalar's message may be left out.
 * @throws what `broken` makes
 */
export function readShape(shape: TensorShapeProto | undefined, broken: BrokenTensor): number[] {
  if (shape?.unknownRank) throw broken('expected a known shape but its rank is open');
  const dims = shape?.dim ?? [];
  if (dims.length > MAX_DIMENSIONS) {
    throw broken(`expected at most ${MAX_DIMENSIONS} dimensions but received ${dims.length}`);
  }
  return dims.map(({ size }) => {
    if (size < 0n || size > BigInt(MAX_ELEMENTS)) {
      throw broken(`expected dimensions in [0, ${MAX_ELEMENTS}] but received ${size}`);
    }
    return Number(size);
  });
}

/** Elements of a shape. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Reads a tensor of at most `room` elements: raw little-endian content, or a list whose last value
 * repeats to the end; zeros where nothing is listed, as TensorFlow reads it.
 * @throws what `broken` makes, before memory is taken for the tensor
 */
export function readTensor(tensor: TensorProto, room: number, broken: BrokenTensor): GraphTensor {
  const dtype = typeName(tensor.dtype);
  const shape = readShape(tensor.tensorShape, broken);
  const type = NUMBER_TYPES.get(tensor.dtype);
  if (type === undefined) return { dtype, shape, values: undefined };
  const length = elementsOf(shape);
  if (length > room) {
    throw broken(
      `expected at most ${MAX_ELEMENTS} elements in the file but shape [${shape}] exceeds them`,
    );
  }
  const { tensorContent } = tensor;
  if (tensorContent.length > 0) {
    if (tensorContent.length !== type.bytes * length) {
      throw broken(
        `expected ${type.bytes * length} bytes of content for shape [${shape}] but received ${tensorContent.length}`,
      );
    }
    return { dtype, shape, values: decodeContent(tensor.dtype, tensorContent)! };
  }
  const list = type.list(tensor);
  if (list.length > length) {
    throw broken(
      `expected at most ${length} values for shape [${shape}] but received ${list.length}`,
    );
  }
  const decode = type.decode ?? Number;
  const values = emptyValues(type, length);
  let last = 0;
  list.forEach((value, index) => {
    last = typeof value === 'bigint' ? saturated(value) : decode(Number(value));
    values[index] = last;
  });
  values.fill(last, list.length);
  return { dtype, shape, values };
}

/**
 * Raw little-endian content of a whole number of elements; undefined where the type is no number. The
 * bytes lie anywhere in a file and are copied, so that numbers start on multiples of their size.
 */
export function decodeContent(
  dataType: number,
  content: Uint8Array,
): Float32Array | Int32Array | undefined {
  const type = NUMBER_TYPES.get(dataType);
  if (type === undefined) return undefined;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const values = emptyValues(type, content.length / type.bytes);
  for (let i = 0; i < values.length; i++) values[i] = type.read(view, type.bytes * i);
  return values;
}

function emptyValues({ kind }: NumberType, length: number): Float32Array | Int32Array {
  return kind === 'float' ? new Float32Array(length) : new Int32Array(length);
}

function float(
  name: string,
  bytes: number,
  read: NumberType['read'],
  list: NumberType['list'],
): NumberType {
  return { name, bytes, kind: 'float', read, list };
}

function integer(
  name: string,
  bytes: number,
  read: NumberType['read'],
  list: NumberType['list'],
): NumberType {
  return { name, bytes, kind: 'integer', read, list };
}

function halves({ halfVal }: TensorProto): readonly number[] {
  return halfVal;
}

/** Slices say "to the end" with the greatest int64; shapes have no such sizes. */
function saturated(value: bigint): number {
  const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
  return Number(value < least ? least : value > most ? most : value);
}

/** IEEE 754 half precision. */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a single-precision number. */
function fromBfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, (bits & 0xffff) * 2 ** 16);
  return view.getFloat32(0);
}
