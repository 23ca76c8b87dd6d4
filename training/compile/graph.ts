import { create } from '@bufbuild/protobuf';
import {
  type AttrValue,
  type NodeDef,
  NodeDefSchema,
} from '../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { type DataType, dtypeAttribute, shapeAttribute, tensorAttribute } from './attributes.ts';

/** An output of a node: "name" is its first, "name:1" its second. */
export type NodeOutput = string;

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttrValue>>;
  /** Nodes that run before this one although it takes nothing from them. */
  readonly after?: readonly string[];
}

/** A TensorFlow graph in the making: nodes with names of their own, in the order they were added. */
export class Graph {
  private readonly byName: Map<string, NodeDef>;
  private readonly taken: Map<string, number>;

  /** @param from a graph whose nodes this one starts with */
  constructor(from?: Graph) {
    this.byName = new Map(from?.byName);
    this.taken = new Map(from?.taken);
  }

  get nodes(): readonly NodeDef[] {
    return [...this.byName.values()];
  }

  /**
   * Adds a node.
   * @param name the node's, with a number where it is taken; parts are separated by slashes
   * @returns its name, which is its first output
   */
  node(
    op: string,
    name: string,
    inputs: readonly NodeOutput[],
    options: NodeOptions = {},
  ): NodeOutput {
    const free = this.freeName(name);
    const attr = { ...options.attributes };
    this.byName.set(free, create(NodeDefSchema, { name: free, op, input: [...inputs], attr }));
    for (const other of options.after ?? []) this.runAfter(free, other);
    return free;
  }

  /** Makes a node wait for another from which it takes nothing. */
  runAfter(node: string, other: string): void {
    const { input } = this.byName.get(node)!;
    const control = `^${other}`;
    if (!input.includes(control)) input.push(control);
  }

  /** A value that is fed from outside; −1 in `shape` is any size. */
  placeholder(name: string, shape: readonly number[], dtype: DataType): NodeOutput {
    const attributes = { dtype: dtypeAttribute(dtype), shape: shapeAttribute(shape) };
    return this.node('Placeholder', name, [], { attributes });
  }

  constant(
    name: string,
    values: ArrayLike<number | boolean>,
    shape: readonly number[],
    dtype: DataType,
  ): NodeOutput {
    const attributes = {
      dtype: dtypeAttribute(dtype),
      value: tensorAttribute(values, shape, dtype),
    };
    return this.node('Const', name, [], { attributes });
  }

  private freeName(wanted: string): string {
    const name = wanted.replace(/[^A-Za-z0-9_./-]/g, '_').replace(/^[^A-Za-z0-9.]/, 'n');
    const count = this.taken.get(name) ?? 0;
    this.taken.set(name, count + 1);
    return count === 0 ? name : this.freeName(`${name}_${count}`);
  }
}

/** The node of an output. */
export function nodeOf(tensor: NodeOutput): string {
  return tensor.split(':', 1)[0];
}
