import * as tf from '@tensorflow/tfjs';

/**
 * Makes a channel of a depthwise layer what a long training makes of one that gets nothing but 0:
 * a variance of almost 0, and γ = 1 here.
 */
export function killChannel(model: tf.LayersModel, layer: string, channel: number): void {
  const dying: Readonly<Record<string, number>> = {
    gamma: 1,
    moving_mean: 0,
    moving_variance: 4e-35,
  };
  for (const variable of model.getLayer(`${layer}/BatchNorm`).weights) {
    const value = Object.entries(dying).find(([name]) => variable.originalName.endsWith(name));
    if (value === undefined) continue;
    const values = variable.read().dataSync().slice();
    values[channel] = value[1];
    tf.tidy(() => {
      variable.write(tf.tensor1d(values));
    });
  }
}
