import { fromBinary } from '@bufbuild/protobuf';
import { messageOf, UserError } from './artifacts/errors.ts';
import {
  type GraphDef,
  GraphDefSchema,
  type NodeDef,
  type TensorProto,
} from './generated/graph_def_pb.ts';

/** A constant of a frozen graph. */
export interface GraphConstant {
  /** TensorFlow's name of the type: "float32", "int32", … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Row-major; undefined where the type is not float32. */
  readonly values: Float32Array | undefined;
}

/**
 * More elements than any classifier of this project has (InceptionV3: 24 million), 512 MiB in all:
 * a damaged shape with one repeated value must not exhaust the memory.
 */
const MAX_ELEMENTS = 2 ** 27;

/** DataType of tensorflow/core/framework/types.proto. */
const FLOAT32 = 1;
const DTYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [FLOAT32, 'float32'],
  [2, 'float64'],
  [3, 'int32'],
  [4, 'uint8'],
  [5, 'int16'],
  [6, 'int8'],
  [7, 'string'],
  [9, 'int64'],
  [10, 'bool'],
  [14, 'bfloat16'],
  [19, 'float16'],
]);

/**
 * Reads the constants of a frozen TensorFlow graph: the serialized GraphDef in `bytes`. A file cut
 * off between two nodes is a valid GraphDef; whoever needs a constant must check that it is there.
 *
 * @param fileName what errors call the file
 * @returns node name → constant, in the file's order
 * @throws UserError naming the file, the constant and what is wrong with it
 */
export function readConstants(bytes: Uint8Array, fileName: string): Map<string, GraphConstant> {
  const graph = parse(bytes, fileName);
  const constants = new Map<string, GraphConstant>();
  let elements = 0;
  for (const node of graph.node) {
    if (node.op !== 'Const') continue;
    const broken = (what: string) => damaged(fileName, `constant ${node.name}: ${what}`);
    if (constants.has(node.name)) throw broken('expected one of this name but there are several');
    const constant = readConstant(node, MAX_ELEMENTS - elements, broken);
    elements += constant.values?.length ?? 0;
    constants.set(node.name, constant);
  }
  if (constants.size === 0) {
    throw damaged(
      fileName,
      `expected a frozen TensorFlow GraphDef with constants but it has ${graph.node.length} nodes and no constant`,
    );
  }
  return constants;
}

function parse(bytes: Uint8Array, fileName: string): GraphDef {
  try {
    return fromBinary(GraphDefSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw damaged(
      fileName,
      `expected a serialized TensorFlow GraphDef but ${bytes.length} bytes do not parse as one (${messageOf(error)})`,
      error,
    );
  }
}

type Broken = (what: string) => UserError;

function readConstant(node: NodeDef, room: number, broken: Broken): GraphConstant {
  const attribute = node.attr.value?.value;
  if (attribute?.case !== 'tensor') throw broken('expected an attribute "value" with its tensor');
  const tensor = attribute.value;
  const dtype = DTYPE_NAMES.get(tensor.dtype) ?? `type ${tensor.dtype}`;
  const shape = readShape(tensor, broken);
  if (tensor.dtype !== FLOAT32) return { dtype, shape, values: undefined };
  const length = shape.reduce((product, size) => product * size, 1);
  if (length > room) {
    throw broken(
      `expected at most ${MAX_ELEMENTS} elements in the file but shape [${shape}] exceeds them`,
    );
  }
  return { dtype, shape, values: readFloats(tensor, shape, length, broken) };
}

function readShape(tensor: TensorProto, broken: Broken): number[] {
  if (tensor.tensorShape?.unknownRank) throw broken('expected a known shape but its rank is open');
  // A scalar's shape message may be left out.
  return (tensor.tensorShape?.dim ?? []).map(({ size }) => {
    if (size < 0n || size > BigInt(MAX_ELEMENTS)) {
      throw broken(`expected dimensions in [0, ${MAX_ELEMENTS}] but received ${size}`);
    }
    return Number(size);
  });
}

/** The values of a float32 tensor: raw little-endian bytes, or a list whose last value repeats. */
function readFloats(
  { tensorContent, floatVal }: TensorProto,
  shape: readonly number[],
  length: number,
  broken: Broken,
): Float32Array<ArrayBuffer> {
  if (tensorContent.length > 0) {
    if (tensorContent.length !== 4 * length) {
      throw broken(
        `expected ${4 * length} bytes of content for shape [${shape}] but received ${tensorContent.length}`,
      );
    }
    const values = new Float32Array(length);
    // The content lies anywhere in the file: copied, so that floats start on a multiple of 4.
    const view = new DataView(tensorContent.buffer, tensorContent.byteOffset, 4 * length);
    for (let i = 0; i < length; i++) values[i] = view.getFloat32(4 * i, true);
    return values;
  }
  if (floatVal.length > length || (floatVal.length === 0 && length > 0)) {
    throw broken(
      `expected 1 to ${length} values for shape [${shape}] but received ${floatVal.length}`,
    );
  }
  const values = new Float32Array(length);
  values.set(floatVal);
  return values.fill(floatVal.at(-1) ?? 0, floatVal.length);
}

function damaged(fileName: string, what: string, cause?: unknown): UserError {
  return new UserError(`${fileName} is not a usable frozen graph: ${what}`, {
    remedy: 'Get the file again: it is damaged, cut off or of another kind.',
    cause,
  });
}
