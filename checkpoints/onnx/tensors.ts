/** Constants of an ONNX model as numbers, from the model itself or from files in its folder. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { asReadError } from '../../foundation/files/file_errors.ts';
import { halfFloat } from '../../foundation/half_float.ts';
import type { GraphProto, TensorProto } from '../../foundation/onnx/generated/onnx_pb.ts';
import { elementsOf, MAX_ELEMENTS } from '../graph_def/network/tensor_proto.ts';
import { damagedOnnx } from './errors.ts';

export interface OnnxConstant {
  readonly shape: readonly number[];
  /** Integers, too; exact below 2⁵³. */
  readonly values: Float32Array | Float64Array;
  /** Whether they are floats in the file. */
  readonly isFloat: boolean;
}

/** Bytes of files beside the model, by their names. */
export type ExternalFiles = ReadonlyMap<string, Uint8Array>;

const EXTERNAL = 1;
const MAX_BYTES = 2 ** 31;

interface Format {
  readonly bytes: number;
  readonly isFloat: boolean;
  readonly at: (view: DataView, position: number) => number;
  /** The numbers where they are not raw bytes. */
  readonly listed: (tensor: TensorProto) => Iterable<number | bigint>;
}

/** By data_type. */
const FORMATS: Readonly<Record<number, Format>> = {
  1: {
    bytes: 4,
    isFloat: true,
    at: (view, position) => view.getFloat32(position, true),
    listed: ({ floatData }) => floatData,
  },
  2: integers(1, (view, position) => view.getUint8(position)),
  3: integers(1, (view, position) => view.getInt8(position)),
  6: integers(4, (view, position) => view.getInt32(position, true)),
  7: {
    bytes: 8,
    isFloat: false,
    at: (view, position) => Number(view.getBigInt64(position, true)),
    listed: ({ int64Data }) => int64Data,
  },
  9: integers(1, (view, position) => view.getUint8(position)),
  10: {
    bytes: 2,
    isFloat: true,
    at: (view, position) => halfFloat(view.getUint16(position, true)),
    listed: ({ int32Data }) => int32Data.map(halfFloat),
  },
  11: {
    bytes: 8,
    isFloat: true,
    at: (view, position) => view.getFloat64(position, true),
    listed: ({ doubleData }) => doubleData,
  },
  16: {
    bytes: 2,
    isFloat: true,
    at: (view, position) => brainFloat(view.getUint16(position, true)),
    listed: ({ int32Data }) => int32Data.map(brainFloat),
  },
};

const word = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a float32. */
function brainFloat(bits: number): number {
  word.setUint16(0, bits);
  return word.getFloat32(0);
}

function integers(bytes: number, at: Format['at']): Format {
  return { bytes, isFloat: false, at, listed: ({ int32Data }) => int32Data };
}

/**
 * The numbers of a constant.
 * @param file what errors call the model
 * @throws UserError where they do not fit its shape, or are of a type that is not read
 */
export function constantOf(
  tensor: TensorProto,
  external: ExternalFiles,
  file: string,
): OnnxConstant {
  const { name, dims, dataType } = tensor;
  const shape = dims.map(Number);
  const format = Object.hasOwn(FORMATS, dataType) ? FORMATS[dataType] : undefined;
  if (format === undefined) {
    throw new UserError(
      `Expected constants of numbers in ${file} but ${name} is of ONNX's data type ${dataType}, which is not read`,
      { remedy: 'Export the network in float32, or quantized to 8 bits.' },
    );
  }
  if (shape.some((side) => !Number.isSafeInteger(side) || side < 0)) {
    throw damagedOnnx(file, `the constant ${name} is [${shape}]`);
  }
  const count = elementsOf(shape);
  if (count > MAX_ELEMENTS) throw damagedOnnx(file, `the constant ${name} has ${count} numbers`);
  const values = numbers(tensor, format, count, external, file);
  return { shape, values, isFloat: format.isFloat };
}

function numbers(
  tensor: TensorProto,
  { bytes, isFloat, at, listed }: Format,
  count: number,
  external: ExternalFiles,
  file: string,
): Float32Array | Float64Array {
  const { name, rawData } = tensor;
  const raw = tensor.dataLocation === EXTERNAL ? externalBytes(tensor, external, file) : rawData;
  const made = () => (isFloat ? new Float32Array(count) : new Float64Array(count));
  if (raw.length > 0 || count === 0) {
    if (raw.length !== count * bytes) {
      throw damagedOnnx(file, `${name} has ${raw.length} bytes, not ${count * bytes}`);
    }
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    const values = made();
    for (let index = 0; index < count; index++) values[index] = at(view, index * bytes);
    return values;
  }
  const list = [...listed(tensor)];
  if (list.length !== count) {
    throw damagedOnnx(file, `${name} has ${list.length} numbers, not ${count}`);
  }
  const values = made();
  for (const [index, value] of list.entries()) values[index] = Number(value);
  return values;
}

function fieldOf({ externalData }: TensorProto, name: string): string | undefined {
  return externalData.find(({ key }) => key === name)?.value;
}

function externalBytes(tensor: TensorProto, external: ExternalFiles, file: string): Uint8Array {
  const location = fieldOf(tensor, 'location') ?? '';
  const whole = external.get(location);
  if (whole === undefined) throw damagedOnnx(file, `${tensor.name} lies in another file`);
  const offset = Number(fieldOf(tensor, 'offset') ?? 0);
  const length = Number(fieldOf(tensor, 'length') ?? whole.length - offset);
  const isInside =
    Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (isInside && offset + length <= whole.length) return whole.subarray(offset, offset + length);
  throw damagedOnnx(
    file,
    `${tensor.name} is bytes ${offset} to ${offset + length} of ${location}, which has ${whole.length}`,
  );
}

/**
 * Reads the files that constants of a model lie in; they stay in its folder.
 * @throws UserError naming one that is missing, or outside
 */
export async function externalFiles(
  graph: Pick<GraphProto, 'initializer'>,
  path: string,
): Promise<ExternalFiles> {
  const files = new Map<string, Uint8Array>();
  let bytes = 0;
  for (const tensor of graph.initializer) {
    if (tensor.dataLocation !== EXTERNAL) continue;
    const location = fieldOf(tensor, 'location') ?? '';
    if (files.has(location)) continue;
    const found = await fileInFolder(dirname(path), location, path);
    bytes += found.size;
    if (bytes > MAX_BYTES) throw damagedOnnx(path, `its constants have ${bytes} bytes`);
    const content = await readFile(found.path).catch((error: unknown) => {
      throw asReadError(error, found.path);
    });
    files.set(location, content);
  }
  return files;
}

async function fileInFolder(
  folder: string,
  location: string,
  model: string,
): Promise<{ readonly path: string; readonly size: number }> {
  const path = join(folder, location);
  const isInside = (way: string) => way !== '' && !way.startsWith('..') && !isAbsolute(way);
  const outside = new UserError(
    `Expected the constants of ${model} in its folder but they are in ${JSON.stringify(location)}`,
    { remedy: 'Copy that file into the folder of the model, under the name that the model has.' },
  );
  if (location === '' || isAbsolute(location) || !isInside(relative(folder, path))) throw outside;
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) {
    throw new UserError(`Expected the constants of ${model} in ${path} but there is no such file`, {
      remedy: 'Copy the file that was exported beside the model into its folder.',
    });
  }
  if (!isInside(relative(await realpath(folder), await realpath(path)))) throw outside;
  return { path, size: info.size };
}
