/** A float network as data: a graph of operations, whatever program it came from. */
import { GraphError } from './errors.ts';
import type { FloatNode } from './float_node.ts';
import { outputShape } from './operations/table.ts';
import type { Shape } from './shape.ts';

/** Made by `floatGraph`: its nodes fit together. */
export interface FloatGraph {
  readonly name: string;
  readonly input: { readonly name: string; readonly shape: Shape };
  /** In execution order. */
  readonly nodes: readonly FloatNode[];
  /** Names of the tensors that the network is for. */
  readonly outputs: readonly string[];
  /** Of every tensor, the input included. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/**
 * A graph of nodes that fit together.
 * @throws GraphError where two tensors have one name, one is read before it is made, or a node cannot
 *   read what it gets
 */
export function floatGraph(network: Omit<FloatGraph, 'shapes'>): FloatGraph {
  const { name, input, nodes, outputs } = network;
  const shapes = new Map([[input.name, input.shape]]);
  const shapeOf = (tensor: string, reader: string): Shape => {
    const shape = shapes.get(tensor);
    if (shape !== undefined) return shape;
    throw new GraphError(`Expected ${tensor} before ${reader} reads it but nothing makes it`);
  };
  for (const node of nodes) {
    if (shapes.has(node.name)) {
      throw new GraphError(
        `Expected each tensor of ${name} to be made once but ${node.name} is not`,
      );
    }
    const inputs = node.inputs.map((from) => shapeOf(from, node.name));
    shapes.set(node.name, outputShape(node, inputs));
  }
  for (const output of outputs) shapeOf(output, `the end of ${name}`);
  return { name, input, nodes, outputs, shapes };
}

/** The shape of one of the graph's tensors. */
export function shapeIn({ shapes }: FloatGraph, tensor: string): Shape {
  return shapes.get(tensor)!;
}
