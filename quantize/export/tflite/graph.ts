import {
  type FlatSchema,
  type FlatTable,
  flatTable,
} from '../../../foundation/flatbuffers/flat_buffer.ts';
import {
  BUFFER,
  OPERATOR,
  OPERATOR_CODE,
  type OperatorKind,
  QUANTIZATION,
  TENSOR,
  TENSOR_TYPE,
} from '../../../foundation/flatbuffers/tflite_schema.ts';
import { byName } from '../../model/by_name.ts';
import type { QuantizationParams } from '../../params/quantization.ts';
import { TensorNames } from '../tensor_names.ts';

export interface TensorOptions {
  readonly shape: readonly number[];
  /** uint8 unless given. */
  readonly type?: keyof typeof TENSOR_TYPE;
  readonly quantization?: QuantizationParams;
  /** A constant's elements, little-endian; a tensor without them is computed. */
  readonly data?: Uint8Array;
}

/** Collects the tensors, buffers and operators of a TFLite subgraph; tensors are named by their index. */
export class TfliteGraph {
  /** The first buffer is empty by convention: tensors that are computed refer to it. */
  private readonly buffers: FlatTable[] = [flatTable(BUFFER, {})];
  private readonly tensorTables: FlatTable[] = [];
  private readonly operatorTables: FlatTable[] = [];
  private readonly codes: OperatorKind[] = [];
  private readonly names = new TensorNames();
  private readonly indices = new Map<string, number>();

  /** Index of a new tensor. */
  tensor(name: string, { shape, type = 'uint8', quantization, data }: TensorOptions): number {
    this.names.add(name);
    const index = this.tensorTables.length;
    this.tensorTables.push(
      flatTable(TENSOR, {
        name,
        shape,
        type: TENSOR_TYPE[type],
        buffer: data === undefined ? 0 : this.buffer(data),
        quantization:
          quantization &&
          flatTable(QUANTIZATION, {
            scale: [quantization.scale],
            zeroPoint: [quantization.zeroPoint],
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

  /** The tables so far; operators in the first version that has uint8 and what is written of them. */
  tables() {
    return {
      buffers: this.buffers,
      tensors: this.tensorTables,
      operators: this.operatorTables,
      operatorCodes: this.codes.map(({ code, version = 1 }) =>
        flatTable(OPERATOR_CODE, { deprecatedBuiltinCode: code, version, builtinCode: code }),
      ),
    };
  }
}
