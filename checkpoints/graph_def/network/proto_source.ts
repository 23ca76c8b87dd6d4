import type { UserError } from '../../../foundation/errors.ts';
import type { AttrValue, GraphDef, NodeDef } from '../generated/graph_def_pb.ts';
import { damagedGraph } from '../graph_def.ts';
import {
  type GraphFunction,
  type GraphNode,
  type GraphSource,
  type NodeAttributes,
  type NodeInput,
  type PartialShape,
  parseInput,
} from './graph_source.ts';
import { MAX_ELEMENTS, readTensor, typeName } from './tensor_proto.ts';

/**
 * A parsed GraphDef as a source; constants are decoded when they are asked for.
 * @throws UserError where two nodes have one name
 */
export function protoSource(graph: GraphDef, fileName: string): GraphSource {
  const tensors = new Map<GraphNode, AttrValue | undefined>();
  const nodesOf = (nodes: readonly NodeDef[]) => readNodes(nodes, fileName, tensors);
  const functions = new Map<string, GraphFunction>();
  for (const { signature, nodeDef, ret } of graph.library?.function ?? []) {
    if (signature === undefined) continue;
    functions.set(signature.name, {
      parameters: signature.inputArg.map(({ name }) => name),
      nodes: nodesOf(nodeDef),
      results: signature.outputArg.map(({ name }) => {
        const result = ret[name] === undefined ? undefined : parseInput(ret[name]);
        if (result === undefined) {
          throw damagedGraph(
            fileName,
            `expected function ${signature.name} to say what its output ${name} is but it does not`,
          );
        }
        return result;
      }),
    });
  }
  let elements = 0;
  return {
    fileName,
    nodes: nodesOf(graph.node),
    functions,
    constant(node) {
      const broken = (what: string): UserError =>
        damagedGraph(fileName, `constant ${node.name}: ${what}`);
      const value = tensors.get(node)?.value;
      if (value?.case !== 'tensor') throw broken('expected an attribute "value" with its tensor');
      const tensor = readTensor(value.value, MAX_ELEMENTS - elements, broken);
      elements += tensor.values?.length ?? 0;
      return tensor;
    },
  };
}

function readNodes(
  nodes: readonly NodeDef[],
  fileName: string,
  tensors: Map<GraphNode, AttrValue | undefined>,
): Map<string, GraphNode> {
  const read = new Map<string, GraphNode>();
  for (const { name, op, input, attr } of nodes) {
    if (read.has(name)) {
      throw damagedGraph(fileName, `expected one node of the name ${name} but there are several`);
    }
    const inputs = input.map(parseInput).filter((parsed): parsed is NodeInput => !!parsed);
    const node = { name, op, inputs, attributes: protoAttributes(attr) };
    tensors.set(node, attr.value);
    read.set(name, node);
  }
  return read;
}

function protoAttributes(attributes: Readonly<Record<string, AttrValue>>): NodeAttributes {
  const get = (name: string) =>
    Object.hasOwn(attributes, name) ? attributes[name].value : undefined;
  const decoder = new TextDecoder();
  return {
    integers(name) {
      const value = get(name);
      if (value?.case === 'list') return value.value.i.map(Number);
      return value?.case === 'i' ? [Number(value.value)] : undefined;
    },
    text(name) {
      const value = get(name);
      return value?.case === 's' ? decoder.decode(value.value) : undefined;
    },
    texts(name) {
      const value = get(name);
      return value?.case === 'list' ? value.value.s.map((text) => decoder.decode(text)) : undefined;
    },
    flag(name) {
      const value = get(name);
      return value?.case === 'b' ? value.value : undefined;
    },
    real(name) {
      const value = get(name);
      return value?.case === 'f' ? value.value : undefined;
    },
    shape(name): PartialShape | undefined {
      const value = get(name);
      if (value?.case !== 'shape' || value.value.unknownRank) return undefined;
      return value.value.dim.map(({ size }) => (size < 0n ? undefined : Number(size)));
    },
    functionName(name) {
      const value = get(name);
      return value?.case === 'func' ? value.value.name : undefined;
    },
    type(name) {
      const value = get(name);
      return value?.case === 'type' ? typeName(value.value) : undefined;
    },
  };
}
