import type * as tf from '@tensorflow/tfjs';
import { softmax } from '../../quantize/execute/top_classes.ts';
import { predictFloat } from '../../training/float_predictor.ts';

/** Layers that change the shape of what they receive alone. */
const SHAPES: readonly string[] = ['Reshape', 'Flatten', 'Dropout'];

/**
 * The float model's class probabilities of one image: softmax is applied where the network has none at its
 * end, so that they sum to 1 as TF8's do.
 * @param image [1, H, W, 3] in the network's range
 */
export async function floatProbabilities(
  model: tf.LayersModel,
  image: Float32Array,
  shape: readonly [number, number, number, number],
): Promise<Float32Array> {
  const outputs = await predictFloat(model, image, shape);
  return endsInSoftmax(model) ? outputs : softmax(outputs);
}

/** Whether the last layer that computes is a softmax, by itself or as an activation. */
function endsInSoftmax({ outputs }: tf.LayersModel): boolean {
  const last = computingLayer(outputs[0]);
  return last.getClassName() === 'Softmax' || last.getConfig().activation === 'softmax';
}

function computingLayer({ sourceLayer, inputs }: tf.SymbolicTensor): tf.layers.Layer {
  const shapesAlone = SHAPES.includes(sourceLayer.getClassName());
  return shapesAlone ? computingLayer(inputs[0]) : sourceLayer;
}
