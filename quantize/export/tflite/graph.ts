import {
  type FlatSchema,
  type FlatTable,
  flatTable,
} from '../../../foundation/flatbuffers/flat_buffer.ts';
import {
  ADD,
  AVERAGE_POOL_2D,
  BUFFER,
  CONCATENATION,
  CONV_2D,
  DEPTH_TO_SPACE,
  DEPTHWISE_CONV_2D,
  FULLY_CONNECTED,
  GATHER,
  MAX_POOL_2D,
  MAXIMUM,
  MINIMUM,
  MUL,
  OPERATOR,
  OPERATOR_CODE,
  type OperatorKind,
  PAD,
  QUANTIZATION,
  RESIZE_BILINEAR,
  RESIZE_NEAREST_NEIGHBOR,
  SLICE,
  SOFTMAX,
  SPACE_TO_DEPTH,
  STRIDED_SLICE,
  SUB,
  TENSOR,
  TENSOR_TYPE,
  TRANSPOSE,
} from '../../../foundation/flatbuffers/tflite_schema.ts';
import { byName } from '../../model/by_name.ts';
import {
  isPerChannel,
  type WeightQuantization,
  weightScales,
} from '../../params/weight_quantization.ts';
import { SIGNED_OFFSET, toggledSign } from '../signed_bytes.ts';
import { TensorNames } from '../tensor_names.ts';

export interface TensorOptions {
  readonly shape: readonly number[];
  /** Bytes, the graph's, unless given. */
  readonly type?: keyof typeof TENSOR_TYPE;
  /** Of bytes as uint8. */
  readonly quantization?: WeightQuantization;
  /** The axis of the channels, where each has its own scale. */
  readonly channelAxis?: number;
  /** A constant's elements, bytes as uint8, others little-endian; a tensor without them is computed. */
  readonly data?: Uint8Array;
}

/** What the bytes of a graph are. */
export type ByteType = 'uint8' | 'int8';

/** The first version of each operator that has int8 (and half-pixel centres), where it is not the first of all. */
const INT8_VERSIONS: ReadonlyMap<number, number> = new Map([
  ...[CONV_2D, DEPTHWISE_CONV_2D, RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR].map(
    ({ code }) => [code, 3] as const,
  ),
  [FULLY_CONNECTED.code, 4] as const,
  ...[
    ADD,
    AVERAGE_POOL_2D,
    CONCATENATION,
    DEPTH_TO_SPACE,
    GATHER,
    MAX_POOL_2D,
    MAXIMUM,
    MINIMUM,
    MUL,
    PAD,
    SLICE,
    SOFTMAX,
    SPACE_TO_DEPTH,
    STRIDED_SLICE,
    SUB,
    TRANSPOSE,
  ].map(({ code }) => [code, 2] as const),
]);

/** Collects the tensors, buffers and operators of a TFLite subgraph; tensors are named by their index. */
export class TfliteGraph {
  readonly bytes: ByteType;
  /** The first buffer is empty by convention: tensors that are computed refer to it. */
  private readonly buffers: FlatTable[] = [flatTable(BUFFER, {})];
  private readonly tensorTables: FlatTable[] = [];
  private readonly operatorTables: FlatTable[] = [];
  private readonly codes: OperatorKind[] = [];
  private readonly names = new TensorNames();
  private readonly indices = new Map<string, number>();

  constructor(bytes: ByteType) {
    this.bytes = bytes;
  }

  /** Index of a new tensor. */
  tensor(
    name: string,
    { shape, type = this.bytes, quantization, channelAxis = 0, data }: TensorOptions,
  ): number {
    this.names.add(name);
    const index = this.tensorTables.length;
    const isSigned = type === 'int8';
    const stored = isSigned && data !== undefined ? toggledSign(data) : data;
    this.tensorTables.push(
      flatTable(TENSOR, {
        name,
        shape,
        type: TENSOR_TYPE[type],
        buffer: stored === undefined ? 0 : this.buffer(stored),
        quantization:
          quantization &&
          flatTable(QUANTIZATION, {
            scale: weightScales(quantization),
            zeroPoint: weightScales(quantization).map(
              () => quantization.zeroPoint - (isSigned ? SIGNED_OFFSET : 0),
            ),
            ...(isPerChannel(quantization) && { quantizedDimension: channelAxis }),
          }),
      }),
    );
    this.indices.set(name, index);
    return index;
  }

  /** Index of the tensor of that name. */
  index(name: string): number {
    return byName(this.indices, name);
  }

  /** Index of a new buffer. */
  buffer(data: Uint8Array): number {
    this.buffers.push(flatTable(BUFFER, { data }));
    return this.buffers.length - 1;
  }

  operator<S extends FlatSchema>(
    kind: OperatorKind & { readonly options: S },
    inputs: readonly number[],
    output: number,
    options: Parameters<typeof flatTable<S>>[1],
  ): void {
    let opcodeIndex = this.codes.findIndex(({ code }) => code === kind.code);
    if (opcodeIndex < 0) opcodeIndex = this.codes.push(kind) - 1;
    this.operatorTables.push(
      flatTable(OPERATOR, {
        opcodeIndex,
        inputs,
        outputs: [output],
        builtinOptionsType: kind.optionsType,
        builtinOptions: flatTable(kind.options, options),
      }),
    );
  }

  /** The tables so far; every operator in the first version that has the graph's bytes. */
  tables() {
    return {
      buffers: this.buffers,
      tensors: this.tensorTables,
      operators: this.operatorTables,
      operatorCodes: this.codes.map(({ code, version = 1 }) =>
        flatTable(OPERATOR_CODE, {
          deprecatedBuiltinCode: code,
          version: this.bytes === 'uint8' ? version : (INT8_VERSIONS.get(code) ?? version),
          builtinCode: code,
        }),
      ),
    };
  }
}
