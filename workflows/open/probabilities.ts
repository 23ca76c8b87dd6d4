import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { softmax } from '../../quantize/execute/top_classes.ts';
import { predictGraph } from '../../training/float_predictor.ts';

/** Operations that change the shape of what they receive alone. */
const SHAPES: readonly FloatNode['op'][] = ['reshape', 'dropout'];

/**
 * The float model's class probabilities of one image: softmax is applied where the network has none at its
 * end, so that they sum to 1 as TF8's do.
 * @param image [1, H, W, 3] in the network's range
 */
export async function floatProbabilities(
  graph: FloatGraph,
  image: Float32Array,
  shape: readonly [number, number, number, number],
): Promise<Float32Array> {
  const outputs = predictGraph(graph, image, shape);
  return endsInSoftmax(graph) ? outputs : softmax(outputs);
}

/** Whether the last operation that computes is a softmax. */
function endsInSoftmax({ nodes, outputs }: FloatGraph): boolean {
  const made = new Map(nodes.map((node) => [node.name, node]));
  let last = made.get(outputs[0]);
  while (last !== undefined && SHAPES.includes(last.op)) last = made.get(last.inputs[0]);
  return last?.op === 'softmax';
}
