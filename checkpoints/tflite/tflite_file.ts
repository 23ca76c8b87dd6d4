/** A `.tflite` file as plain data, with every position in it checked. */
import { FlatReader, type FlatSchema } from '../../foundation/flatbuffers/flat_buffer.ts';
import {
  BUFFER,
  FILE_IDENTIFIER,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  QUANTIZATION,
  SUBGRAPH,
  TENSOR,
} from '../../foundation/flatbuffers/tflite_schema.ts';
import { damagedTflite } from './errors.ts';
import { CUSTOM, operatorName } from './opcodes.ts';

/** real = scale · (value − zeroPoint): one of each for the tensor, or for each index of `axis`. */
export interface TfliteQuantization {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  readonly axis: number;
}

export interface TfliteTensor {
  readonly name: string;
  /** The batch included. */
  readonly shape: readonly number[];
  /** A number of TENSOR_TYPE. */
  readonly type: number;
  /** Of a constant. */
  readonly data: Uint8Array | undefined;
  /** undefined of values that mean themselves. */
  readonly quantization: TfliteQuantization | undefined;
  /** Whether most of a constant's values are left out of its data. */
  readonly isSparse: boolean;
}

export interface TfliteOperator {
  /** "CONV_2D" */
  readonly name: string;
  /** Indices of tensors; −1 where one is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Its options, to be read by their schema. */
  readonly options: OptionReader;
}

/** Options of an operator; each is 0 where the file leaves it out, as the schema has it. */
export type OptionReader = <Schema extends FlatSchema>(
  schema: Schema,
  name: keyof Schema & string,
) => number;

export interface TfliteFile {
  readonly name: string;
  readonly tensors: readonly TfliteTensor[];
  /** In execution order. */
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/**
 * Takes a file apart: its first subgraph, which is the network.
 * @param name what errors call it
 * @throws UserError where it is no `.tflite` file, or damaged
 */
export function parseTflite(file: Uint8Array, name: string): TfliteFile {
  const refuse = (reason: string) => damagedTflite(name, reason);
  const model = FlatReader.root(file, FILE_IDENTIFIER, refuse);
  const [network] = model.tables(MODEL, 'subgraphs');
  if (network === undefined) throw refuse('it has no subgraph');
  const buffers = model.tables(MODEL, 'buffers');
  const codes = model.tables(MODEL, 'operatorCodes').map(nameOf);
  const tensors = network
    .tables(SUBGRAPH, 'tensors')
    .map((tensor) => tensorOf(tensor, buffers, refuse));
  const indices = (table: FlatReader, schema: FlatSchema, field: string) => {
    const found = table.int32s(schema, field);
    const bad = found.find((index) => index < -1 || index >= tensors.length);
    if (bad !== undefined) throw refuse(`it has ${tensors.length} tensors, and asks for ${bad}`);
    return found;
  };
  return {
    name,
    tensors,
    operators: network.tables(SUBGRAPH, 'operators').map((operator) => {
      const code = operator.uint32(OPERATOR, 'opcodeIndex');
      const opcode = codes[code];
      if (opcode === undefined)
        throw refuse(`it has ${codes.length} operators, and asks for ${code}`);
      return {
        name: opcode,
        inputs: indices(operator, OPERATOR, 'inputs'),
        outputs: indices(operator, OPERATOR, 'outputs'),
        options: optionReader(operator.table(OPERATOR, 'builtinOptions')),
      };
    }),
    inputs: indices(network, SUBGRAPH, 'inputs'),
    outputs: indices(network, SUBGRAPH, 'outputs'),
  };
}

/** Files before 2020 have the number in 8 bits, later ones in both places, or 127 in the old one. */
function nameOf(code: FlatReader): string {
  const number = Math.max(
    code.int8(OPERATOR_CODE, 'deprecatedBuiltinCode'),
    code.int32(OPERATOR_CODE, 'builtinCode'),
  );
  const name = operatorName(number);
  return name === CUSTOM ? `${CUSTOM} ${code.string(OPERATOR_CODE, 'customCode')}` : name;
}

function tensorOf(
  tensor: FlatReader,
  buffers: readonly FlatReader[],
  refuse: (reason: string) => Error,
): TfliteTensor {
  const name = tensor.string(TENSOR, 'name');
  const shape = tensor.int32s(TENSOR, 'shape');
  if (shape.some((side) => side < -1)) throw refuse(`the shape of ${name} is [${shape}]`);
  const data = buffers[tensor.uint32(TENSOR, 'buffer')]?.bytes(BUFFER, 'data');
  return {
    name,
    shape,
    type: tensor.int8(TENSOR, 'type'),
    data: data?.length ? data : undefined,
    quantization: quantizationOf(tensor.table(TENSOR, 'quantization'), shape, () =>
      refuse(`the quantization of ${name} does not fit its shape [${shape}]`),
    ),
    isSparse: tensor.table(TENSOR, 'sparsity') !== undefined,
  };
}

function quantizationOf(
  table: FlatReader | undefined,
  shape: readonly number[],
  misfit: () => Error,
): TfliteQuantization | undefined {
  const scale = table?.float32s(QUANTIZATION, 'scale') ?? [];
  if (table === undefined || scale.length === 0) return undefined;
  const zeroPoint = table.int64s(QUANTIZATION, 'zeroPoint');
  const axis = table.int32(QUANTIZATION, 'quantizedDimension');
  const isWhole = scale.length === 1 || scale.length === shape[axis];
  const isPaired = zeroPoint.length === scale.length || zeroPoint.length <= 1;
  if (!isWhole || !isPaired || !scale.every(Number.isFinite)) throw misfit();
  return { scale, zeroPoint: zeroPoint.length === 0 ? [0] : zeroPoint, axis };
}

function optionReader(table: FlatReader | undefined): OptionReader {
  return (schema, name) => {
    if (table === undefined) return 0;
    const [, kind] = schema[name];
    if (kind === 'float32') return table.float32(schema, name);
    return kind === 'int32' ? table.int32(schema, name) : table.int8(schema, name);
  };
}
