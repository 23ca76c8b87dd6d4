import type * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../build_mobilenet_v1.ts';
import { LOGITS } from '../conv_layer.ts';
import type { MobileNetV1Config } from '../mobilenet_v1.ts';
import { transferWeights } from '../transfer_weights.ts';
import { readWeight, writeWeight } from './model_weights.ts';

/**
 * The network without its first `count` outputs: what is left is as probable as it was in comparison,
 * since a softmax without a term is the others' shares of the rest.
 * @returns a new model; `model` stays as it was
 */
export function dropFirstOutputs(
  model: tf.LayersModel,
  config: MobileNetV1Config,
  count: number,
): tf.LayersModel {
  const { classes } = config;
  const fewer = buildMobileNetV1({ ...config, classes: classes - count });
  transferWeights(model, fewer, { zeroVariance: 'keep' });
  for (const name of ['kernel', 'bias']) {
    const values = readWeight(model, LOGITS, name);
    writeWeight(
      fewer,
      LOGITS,
      name,
      values.filter((_, index) => index % classes >= count),
    );
  }
  return fewer;
}
