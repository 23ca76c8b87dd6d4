import * as tf from '@tensorflow/tfjs';
import { InvalidValueError } from '../../foundation/errors.ts';
import type { FloatGraph } from '../graph/float_graph.ts';
import type { FloatNode } from '../graph/float_node.ts';
import { operationOf } from '../graph/operations/table.ts';
import { elements } from '../graph/shape.ts';
import { swapLast } from '../graph/transposed_window.ts';

/** Keras' names of the weights that a graph calls otherwise. */
const GRAPH_NAMES: Readonly<Record<string, string>> = {
  depthwise_kernel: 'kernel',
  moving_mean: 'mean',
  moving_variance: 'variance',
};

/**
 * Gives a model's layers the weights that the nodes of their names have.
 * @throws InvalidValueError naming the first layer whose weights the graph has not; the model is as it was then
 */
export function setGraphWeights(model: tf.LayersModel, graph: FloatGraph): void {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const writes = model.layers.flatMap((layer) =>
    layer.weights.map((variable) => {
      const weight = variable.originalName.slice(variable.originalName.lastIndexOf('/') + 1);
      const values = valuesOf(nodes.get(layer.name), weight);
      const shape = variable.shape as number[];
      if (values?.length !== elements(shape)) {
        throw new InvalidValueError(
          `Expected ${variable.originalName} of [${shape}] in ${graph.name} but it has ${values === undefined ? 'none' : `${values.length} values`}`,
        );
      }
      return () =>
        tf.tidy(() => {
          variable.write(tf.tensor(values, shape));
        });
    }),
  );
  for (const write of writes) write();
}

function valuesOf(node: FloatNode | undefined, weight: string): Float32Array | undefined {
  if (node === undefined) return undefined;
  if (node.op === 'transposedConv2d' && weight === 'kernel') {
    // Keras has the outputs in front.
    return swapLast(node.kernel, node.kernelShape[2], node.kernelShape[3]);
  }
  const constants = operationOf(node).constants?.(node) ?? {};
  return constants[GRAPH_NAMES[weight] ?? weight]?.values;
}
