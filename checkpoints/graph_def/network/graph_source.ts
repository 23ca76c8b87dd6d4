/** A TensorFlow graph as its file has it, whatever the file's format. */
import { UserError } from '../../../foundation/errors.ts';
import type { GraphTensor } from './tensor_proto.ts';

/** "node", "node:1" for a further output; inside functions "node:name:0". */
export interface NodeInput {
  readonly node: string;
  /** The output's name in the operation's definition; undefined where only its number is known. */
  readonly output: string | undefined;
  readonly index: number;
}

/** A side is undefined where it is open. */
export type PartialShape = readonly (number | undefined)[];

/** A node's attributes; undefined where there is none of that name and kind. */
export interface NodeAttributes {
  integers(name: string): readonly number[] | undefined;
  text(name: string): string | undefined;
  texts(name: string): readonly string[] | undefined;
  flag(name: string): boolean | undefined;
  real(name: string): number | undefined;
  shape(name: string): PartialShape | undefined;
  functionName(name: string): string | undefined;
  /** TensorFlow's name of a type: "float32". */
  type(name: string): string | undefined;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Without control dependencies. */
  readonly inputs: readonly NodeInput[];
  readonly attributes: NodeAttributes;
}

export interface GraphFunction {
  /** Names of its arguments in order. */
  readonly parameters: readonly string[];
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** What it returns in order. */
  readonly results: readonly NodeInput[];
}

export interface GraphSource {
  /** What errors call the file. */
  readonly fileName: string;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly functions: ReadonlyMap<string, GraphFunction>;
  /** Value of a node of operation Const. */
  constant(node: GraphNode): GraphTensor;
}

/** @param reference as a NodeInput is written; undefined for a control dependency */
export function parseInput(reference: string): NodeInput | undefined {
  if (reference.startsWith('^')) return undefined;
  const [node, second, third] = reference.split(':');
  if (second === undefined) return { node, output: undefined, index: 0 };
  if (third === undefined) return { node, output: undefined, index: Number(second) };
  return { node, output: second, index: Number(third) };
}

/** A node that no float graph can hold, or not like this: a network ends before it. */
export class UnsupportedNodeError extends UserError {
  override readonly name = 'UserError';
  /** What of it there is nothing for. */
  readonly what: string;

  constructor(
    { name, op }: { readonly name: string; readonly op: string },
    fileName: string,
    what: string,
  ) {
    super(`TF8 does not support node ${name} (${op}) of ${fileName}: ${what}`, {
      remedy:
        'Pass a network that is made of the operations that TF8 has up to its outputs; what computes on these (boxes, top classes) may follow.',
    });
    this.what = what;
  }
}
