import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { byName } from '../model/by_name.ts';
import type { FloatKernels } from './float_kernels.ts';

/** Tensors [N, H, W, C] of a batch, by name. */
export type FloatTensors = ReadonlyMap<string, Float32Array>;

/** The float network, run as a whole or from a change on. */
export class FloatNetwork {
  readonly graph: FloatGraph;
  private readonly floats: FloatKernels;
  private readonly imageSize: number;

  constructor(graph: FloatGraph, floats: FloatKernels) {
    this.graph = graph;
    this.floats = floats;
    this.imageSize = elements(graph.input.shape);
  }

  /** Number of images in the network's input. */
  batchOf(images: Float32Array): number {
    return images.length / this.imageSize;
  }

  /** Every tensor, exact, the input's included. */
  run(images: Float32Array): FloatTensors {
    return this.runFrom(new Map([[this.graph.input.name, images]]), new Map());
  }

  /** One node, which may be a variant of the graph's, on tensors of a batch. */
  runNode(node: FloatNode, tensors: FloatTensors, batch: number): Float32Array {
    const inputs = node.inputs.map((name) => ({
      values: byName(tensors, name),
      shape: shapeIn(this.graph, name),
    }));
    return this.floats.run(node, inputs, batch);
  }

  /**
   * Every tensor where some are given as `changed`: what depends on them is computed again, all else
   * is taken from `exact`.
   * @param alter what becomes of a tensor that was computed, before others read it
   */
  runFrom(
    changed: FloatTensors,
    exact: FloatTensors,
    alter: (name: string, values: Float32Array) => Float32Array = (_, values) => values,
  ): FloatTensors {
    const { input, nodes } = this.graph;
    const fresh = new Map(changed);
    const tensors = new Map([...exact, ...changed]);
    const batch = this.batchOf(byName(tensors, input.name));
    for (const node of nodes) {
      if (changed.has(node.name) || !node.inputs.some((name) => fresh.has(name))) continue;
      const values = alter(node.name, this.runNode(node, tensors, batch));
      fresh.set(node.name, values);
      tensors.set(node.name, values);
    }
    return tensors;
  }
}
