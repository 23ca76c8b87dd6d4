import { fromBinary } from '@bufbuild/protobuf';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { type GraphDef, GraphDefSchema, type NodeDef } from './generated/graph_def_pb.ts';
import { type BrokenTensor, MAX_ELEMENTS, readTensor } from './network/tensor_proto.ts';

/** A constant of a frozen graph. */
export interface GraphConstant {
  /** TensorFlow's name of the type: "float32", "int32", … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Row-major; undefined where the type is not float32. */
  readonly values: Float32Array | undefined;
}

/**
 * Reads the constants of a frozen TensorFlow graph: the serialized GraphDef in `bytes`. A file cut
 * off between two nodes is a valid GraphDef; whoever needs a constant must check that it is there.
 *
 * @param fileName what errors call the file
 * @returns node name → constant, in the file's order
 * @throws UserError naming the file, the constant and what is wrong with it
 */
export function readConstants(bytes: Uint8Array, fileName: string): Map<string, GraphConstant> {
  const graph = parseGraphDef(bytes, fileName);
  const constants = new Map<string, GraphConstant>();
  let elements = 0;
  for (const node of graph.node) {
    if (node.op !== 'Const') continue;
    const broken = (what: string) => damagedGraph(fileName, `constant ${node.name}: ${what}`);
    if (constants.has(node.name)) throw broken('expected one of this name but there are several');
    const constant = readConstant(node, MAX_ELEMENTS - elements, broken);
    elements += constant.values?.length ?? 0;
    constants.set(node.name, constant);
  }
  if (constants.size === 0) {
    throw damagedGraph(
      fileName,
      `expected a frozen TensorFlow GraphDef with constants but it has ${graph.node.length} nodes and no constant`,
    );
  }
  return constants;
}

/** @throws UserError naming the file where the bytes are no GraphDef */
export function parseGraphDef(bytes: Uint8Array, fileName: string): GraphDef {
  try {
    return fromBinary(GraphDefSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw damagedGraph(
      fileName,
      `expected a serialized TensorFlow GraphDef but ${bytes.length} bytes do not parse as one (${messageOf(error)})`,
      error,
    );
  }
}

function readConstant(node: NodeDef, room: number, broken: BrokenTensor): GraphConstant {
  const attribute = node.attr.value?.value;
  if (attribute?.case !== 'tensor') throw broken('expected an attribute "value" with its tensor');
  const { dtype, shape, values } = readTensor(attribute.value, room, broken);
  return { dtype, shape, values: dtype === 'float32' ? (values as Float32Array) : undefined };
}

/** A graph that cannot be read; `what` says what was expected and what came. */
export function damagedGraph(fileName: string, what: string, cause?: unknown): UserError {
  return new UserError(`${fileName} is not a usable frozen graph: ${what}`, {
    remedy: 'Get the file again: it is damaged, cut off or of another kind.',
    cause,
  });
}
