import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { softmax } from '../../quantize/execute/top_classes.ts';
import { predictGraph } from '../../training/float_predictor.ts';

/** Operations that change the shape of what they receive alone. */
const SHAPES: readonly FloatNode['op'][] = ['reshape', 'dropout'];

/**
 * The float model's class probabilities of one image: softmax is applied where the network has neither it
 * nor a sigmoid at its end, as in TF8.
 * @param image [1, H, W, 3] in the network's range
 */
export async function floatProbabilities(
  graph: FloatGraph,
  image: Float32Array,
  shape: readonly [number, number, number, number],
): Promise<Float32Array> {
  const outputs = predictGraph(graph, image, shape);
  return endsInProbabilities(graph) ? outputs : softmax(outputs);
}

/** Whether the last operation that computes is a softmax or a sigmoid, by itself or as an activation. */
function endsInProbabilities({ nodes, outputs }: FloatGraph): boolean {
  const made = new Map(nodes.map((node) => [node.name, node]));
  let last = made.get(outputs[0]);
  while (last !== undefined && SHAPES.includes(last.op)) last = made.get(last.inputs[0]);
  if (last === undefined || last.op === 'softmax') return last !== undefined;
  return 'activation' in last && last.activation === 'sigmoid';
}
