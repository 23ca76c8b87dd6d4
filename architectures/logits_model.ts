import * as tf from '@tensorflow/tfjs';

/** slim's endpoint of the logits as [N, classes]. */
export const SQUEEZED_LOGITS = 'SpatialSqueeze';

/**
 * The part of a network that ends at the logits [N, classes]; it shares the layers. Of a network of ours
 * (`buildNetwork`) that is its endpoint, of another one what its last softmax reads.
 */
export function logitsModel(model: tf.LayersModel): tf.LayersModel {
  const logits = logitsOf(model);
  if (logits === undefined) {
    throw new Error(`Expected ${model.name} to end in logits or a softmax but it does not`);
  }
  const classes = logits.shape.at(-1)!;
  const isVector = logits.shape.length === 2;
  const flat = isVector ? logits : tf.layers.reshape({ targetShape: [classes] }).apply(logits);
  const outputs = flat as tf.SymbolicTensor;
  return tf.model({ inputs: model.inputs, outputs, name: `${model.name}_logits` });
}

/** Whether a network has logits that training can read. */
export function hasLogits(model: tf.LayersModel): boolean {
  return logitsOf(model) !== undefined;
}

function logitsOf(model: tf.LayersModel): tf.SymbolicTensor | undefined {
  const named = model.layers.find(({ name }) => name === SQUEEZED_LOGITS);
  if (named !== undefined) return named.output as tf.SymbolicTensor;
  if (model.outputs.length !== 1) return undefined;
  let [layer] = model.outputLayers;
  // A reshape may stand behind the softmax.
  while (layer.getClassName() === 'Reshape' || layer.getClassName() === 'Flatten') {
    layer = (layer.input as tf.SymbolicTensor).sourceLayer;
  }
  const { activation } = layer.getConfig();
  const isSoftmax = layer.getClassName() === 'Softmax';
  const isActivation = layer.getClassName() === 'Activation' && activation === 'softmax';
  return isSoftmax || isActivation ? (layer.input as tf.SymbolicTensor) : undefined;
}
