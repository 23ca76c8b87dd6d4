import * as tf from '@tensorflow/tfjs';

/** slim's endpoint of the logits as [N, classes]. */
export const SQUEEZED_LOGITS = 'SpatialSqueeze';

/** The part of a network (`buildNetwork`) that ends at the logits [N, classes]; it shares the layers. */
export function logitsModel(model: tf.LayersModel): tf.LayersModel {
  const logits = model.getLayer(SQUEEZED_LOGITS).output as tf.SymbolicTensor;
  return tf.model({ inputs: model.inputs, outputs: logits, name: `${model.name}_logits` });
}
