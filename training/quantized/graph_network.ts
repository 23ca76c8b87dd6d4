import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';

/** A float graph up to one of its outputs, as a teacher; holds its weights until `dispose`. */
export class GraphNetwork {
  private readonly graph: FloatGraph;
  private readonly output: string;
  private readonly operations = new FloatNodes();

  /** @param output name of the tensor that has a number for each class */
  constructor(graph: FloatGraph, output: string) {
    this.graph = graph;
    this.output = output;
    for (const node of graph.nodes) this.operations.hold(node);
  }

  /** images [N, H, W, C] → [N, classes] */
  logits(images: tf.Tensor): tf.Tensor2D {
    return tf.tidy(() => {
      const { input, nodes } = this.graph;
      const tensors = new Map([[input.name, images]]);
      for (const node of nodes) {
        const inputs = node.inputs.map((name) => tensors.get(name)!);
        tensors.set(node.name, this.operations.apply(node, inputs));
        if (node.name === this.output) break;
      }
      return tensors.get(this.output)!.reshape<tf.Tensor2D>([images.shape[0], -1]);
    });
  }

  /** Frees the memory of its weights. */
  dispose(): void {
    this.operations.dispose();
  }
}
