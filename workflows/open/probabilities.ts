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
 * @param at place of the output with the classes
 */
export async function floatProbabilities(
  graph: FloatGraph,
  image: Float32Array,
  shape: readonly [number, number, number, number],
  at = 0,
): Promise<Float32Array> {
  const output = predictGraph(graph, image, shape)[at];
  return endsInProbabilities(graph, at) ? output : softmax(output);
}

/** Whether the last operation that computes is a softmax or a sigmoid, by itself or as an activation. */
function endsInProbabilities({ nodes, outputs }: FloatGraph, at: number): boolean {
  const made = new Map(nodes.map((node) => [node.name, node]));
  let last = made.get(outputs[at]);
  while (last !== undefined && SHAPES.includes(last.op)) last = made.get(last.inputs[0]);
  if (last === undefined || last.op === 'softmax') return last !== undefined;
  return 'activation' in last && last.activation === 'sigmoid';
}
