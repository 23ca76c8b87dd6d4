/** Constants of a `.tflite` file as numbers: what is quantized is dequantized. */
import { elements } from '../../architectures/graph/shape.ts';
import { TENSOR_TYPE } from '../../foundation/flatbuffers/tflite_schema.ts';
import { halfFloat } from '../../foundation/half_float.ts';
import { damagedTflite, UnsupportedOperatorError } from './errors.ts';
import type { TfliteFile, TfliteTensor } from './tflite_file.ts';

/** Above any network: 2 GiB of weights as single floats. */
const MAX_VALUES = 2 ** 29;

export interface TfliteConstant {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface Numbers {
  readonly bytes: number;
  /** The number at a position in bytes. */
  readonly at: (view: DataView, position: number) => number;
}

const NUMBERS: Readonly<Record<number, Numbers>> = {
  [TENSOR_TYPE.float32]: { bytes: 4, at: (view, position) => view.getFloat32(position, true) },
  [TENSOR_TYPE.float16]: {
    bytes: 2,
    at: (view, position) => halfFloat(view.getUint16(position, true)),
  },
  [TENSOR_TYPE.int8]: { bytes: 1, at: (view, position) => view.getInt8(position) },
  [TENSOR_TYPE.uint8]: { bytes: 1, at: (view, position) => view.getUint8(position) },
  [TENSOR_TYPE.int16]: { bytes: 2, at: (view, position) => view.getInt16(position, true) },
  [TENSOR_TYPE.int32]: { bytes: 4, at: (view, position) => view.getInt32(position, true) },
  [TENSOR_TYPE.int64]: {
    bytes: 8,
    at: (view, position) => Number(view.getBigInt64(position, true)),
  },
};

/** Reads each constant once. */
export class TfliteConstants {
  private readonly file: TfliteFile;
  private readonly read = new Map<TfliteTensor, TfliteConstant>();
  private values = 0;

  constructor(file: TfliteFile) {
    this.file = file;
  }

  /**
   * The real values of a constant.
   * @throws UserError where its data do not fit its shape, naming a type that is not read
   */
  of(tensor: TfliteTensor): TfliteConstant {
    const known = this.read.get(tensor);
    if (known !== undefined) return known;
    const constant = { shape: tensor.shape, values: this.dequantized(tensor) };
    this.read.set(tensor, constant);
    return constant;
  }

  private dequantized({ name, shape, type, data, quantization, isSparse }: TfliteTensor) {
    const refuse = (reason: string) => damagedTflite(this.file.name, reason);
    const numbers = NUMBERS[type];
    if (numbers === undefined || isSparse || data === undefined) {
      const what = isSparse ? 'sparse constants' : `constants of the type ${typeName(type)}`;
      const label = { operator: 'a constant', tensor: name, file: this.file.name };
      throw new UnsupportedOperatorError(label, what);
    }
    const count = elements(shape);
    this.values += count;
    if (data.length !== count * numbers.bytes || this.values > MAX_VALUES) {
      throw refuse(`${name}, [${shape}] ${typeName(type)}, has ${data.length} bytes`);
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const values = new Float32Array(count);
    const { scale = [1], zeroPoint = [0], axis = 0 } = quantization ?? {};
    // How many values follow each other that have one scale.
    const inside = scale.length === 1 ? count : elements(shape.slice(axis + 1));
    for (let index = 0; index < count; index++) {
      const of = Math.floor(index / inside) % scale.length;
      const number = numbers.at(view, index * numbers.bytes);
      values[index] = scale[of] * (number - zeroPoint[zeroPoint.length === 1 ? 0 : of]);
    }
    if (values.every(Number.isFinite)) return values;
    throw refuse(`a value of ${name} is not finite`);
  }
}

export function typeName(type: number): string {
  return Object.entries(TENSOR_TYPE).find(([, number]) => number === type)?.[0] ?? `number ${type}`;
}
