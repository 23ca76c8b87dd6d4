import { z } from 'zod';
import { damagedGraph } from '../graph_def.ts';
import {
  type GraphNode,
  type GraphSource,
  type NodeAttributes,
  type NodeInput,
  type PartialShape,
  parseInput,
} from './graph_source.ts';
import { type GraphTensor, typeName } from './tensor_proto.ts';

const sizeSchema = z.union([z.string(), z.number()]);
const shapeSchema = z.object({
  unknownRank: z.boolean().nullish(),
  dim: z.array(z.object({ size: sizeSchema.nullish() })).nullish(),
});
/** Base64, or the bytes one by one in older files. */
const textSchema = z.union([z.string(), z.array(z.int().min(0).max(255))]);
const attributeSchema = z.object({
  s: textSchema.nullish(),
  i: sizeSchema.nullish(),
  f: sizeSchema.nullish(),
  b: z.boolean().nullish(),
  type: z.union([z.string(), z.number()]).nullish(),
  shape: shapeSchema.nullish(),
  list: z.object({ s: z.array(textSchema).nullish(), i: z.array(sizeSchema).nullish() }).nullish(),
});

type Attribute = z.infer<typeof attributeSchema>;

/** The `modelTopology` of a tfjs GraphModel: a GraphDef in protobuf's JSON. */
export const graphTopologySchema = z.object({
  node: z.array(
    z.object({
      name: z.string(),
      op: z.string(),
      input: z.array(z.string()).nullish(),
      attr: z.record(z.string(), attributeSchema).nullish(),
    }),
  ),
});

export type GraphTopology = z.infer<typeof graphTopologySchema>;

/**
 * The graph of a tfjs GraphModel as a source.
 * @param weights values of its Const nodes by name
 * @throws UserError where two nodes have one name
 */
export function jsonSource(
  topology: GraphTopology,
  weights: ReadonlyMap<string, GraphTensor>,
  fileName: string,
): GraphSource {
  const nodes = new Map<string, GraphNode>();
  for (const { name, op, input, attr } of topology.node) {
    if (nodes.has(name)) {
      throw damagedGraph(fileName, `expected one node of the name ${name} but there are several`);
    }
    const inputs = (input ?? []).map(parseInput).filter((parsed): parsed is NodeInput => !!parsed);
    nodes.set(name, { name, op, inputs, attributes: jsonAttributes(attr ?? {}) });
  }
  return {
    fileName,
    nodes,
    functions: new Map(),
    constant({ name }) {
      const tensor = weights.get(name);
      if (tensor === undefined) {
        throw damagedGraph(
          fileName,
          `constant ${name}: expected a weight of that name but there is none`,
        );
      }
      return tensor;
    },
  };
}

function jsonAttributes(attributes: Readonly<Record<string, Attribute>>): NodeAttributes {
  const get = (name: string): Attribute =>
    Object.hasOwn(attributes, name) ? attributes[name] : {};
  return {
    integers(name) {
      const { list, i } = get(name);
      // An empty list may be left out.
      if (list) return (list.i ?? []).map(Number);
      return i === undefined || i === null ? undefined : [Number(i)];
    },
    text(name) {
      const { s } = get(name);
      return s === undefined || s === null ? undefined : decoded(s);
    },
    texts: (name) => get(name).list?.s?.map(decoded),
    flag: (name) => get(name).b ?? undefined,
    real(name) {
      const { f } = get(name);
      return f === undefined || f === null ? undefined : Number(f);
    },
    shape(name): PartialShape | undefined {
      const { shape } = get(name);
      if (!shape || shape.unknownRank) return undefined;
      return (shape.dim ?? []).map(({ size }) => {
        const side = Number(size ?? 0);
        return side >= 0 ? side : undefined;
      });
    },
    functionName: () => undefined,
    type(name) {
      const { type } = get(name);
      if (typeof type === 'number') return typeName(type);
      return type === undefined || type === null ? undefined : protoTypeName(type);
    },
  };
}

/** "float32" of "DT_FLOAT" */
function protoTypeName(type: string): string {
  const name = type.replace(/^DT_/, '').toLowerCase();
  return name === 'float' ? 'float32' : name === 'half' ? 'float16' : name;
}

function decoded(text: string | readonly number[]): string {
  return (typeof text === 'string' ? Buffer.from(text, 'base64') : Buffer.from(text)).toString();
}
