import {
  type FlatSchema,
  type FlatTable,
  flatTable,
  writeFlatBuffer,
} from '../../../foundation/flatbuffers/flat_buffer.ts';
import {
  BUFFER,
  FILE_IDENTIFIER,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  QUANTIZATION,
  SUBGRAPH,
  TENSOR,
} from '../../../foundation/flatbuffers/tflite_schema.ts';

export interface WrittenTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly data?: Uint8Array;
  readonly scale?: readonly number[];
  readonly zeroPoint?: readonly number[];
  readonly axis?: number;
}

export interface WrittenOperator {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: FlatTable;
}

/** A file of one network whose first tensor is the input and whose last one is the output. */
export function writeTflite(
  tensors: readonly WrittenTensor[],
  operators: readonly WrittenOperator[],
): Uint8Array {
  const subgraph = flatTable(SUBGRAPH, {
    tensors: tensors.map(({ name, shape, type, scale, zeroPoint = [0], axis = 0 }, index) =>
      flatTable(TENSOR, {
        name,
        shape,
        type,
        buffer: index + 1,
        quantization:
          scale && flatTable(QUANTIZATION, { scale, zeroPoint, quantizedDimension: axis }),
      }),
    ),
    inputs: [0],
    outputs: [tensors.length - 1],
    operators: operators.map(({ inputs, outputs, options }, index) =>
      flatTable(OPERATOR, { opcodeIndex: index, inputs, outputs, builtinOptions: options }),
    ),
  });
  return writeFlatBuffer(
    flatTable(MODEL, {
      version: 3,
      operatorCodes: operators.map(({ code }) => flatTable(OPERATOR_CODE, { builtinCode: code })),
      subgraphs: [subgraph],
      buffers: [
        flatTable(BUFFER, {}),
        ...tensors.map(({ data }) => flatTable(BUFFER, data ? { data } : {})),
      ],
    }),
    FILE_IDENTIFIER,
  );
}

/** Options of an operator. */
export function options<Schema extends FlatSchema>(
  schema: Schema,
  fields: Parameters<typeof flatTable<Schema>>[1],
): FlatTable {
  return flatTable(schema, fields);
}

export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
