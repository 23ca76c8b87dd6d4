import * as tf from '@tensorflow/tfjs';

/** What a batch norm reads, over all images and positions. */
interface Moments {
  count: number;
  /** [C] each */
  readonly mean: Float64Array;
  /** Squared distances from the mean, summed. */
  readonly distances: Float64Array;
}

/** Images as the network takes them, [N, H, W, C]. */
interface Images {
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/**
 * Gives batch norms the statistics of what they read, and the γ and β with which the network stays the
 * function that it is: where they were folded away, a training that normalizes by its batches would begin
 * at another one. Batch norms without a γ, which cannot be made good, stay as they are.
 * @param names of the batch norms
 * @param batches what they read is measured on; without any, nothing changes
 */
export async function measureBatchNorms(
  model: tf.LayersModel,
  names: readonly string[],
  batches: AsyncIterable<Images>,
): Promise<void> {
  const layers = names
    .map((name) => model.getLayer(name))
    .filter(({ weights }) => weights.length === 4);
  if (layers.length === 0) return;
  const outputs = layers.map(({ input }) => input as tf.SymbolicTensor);
  const read = tf.model({ inputs: model.inputs, outputs });
  const all = outputs.map(({ shape }): Moments => {
    const zeros = new Float64Array(shape.at(-1)!);
    return { count: 0, mean: zeros, distances: zeros.slice() };
  });
  for await (const batch of batches) {
    if (batch.images.length > 0) tf.tidy(() => add(all, read, batch));
  }
  layers.forEach((layer, index) => {
    if (all[index].count > 0) tf.tidy(() => settle(layer, all[index]));
  });
}

function add(all: readonly Moments[], read: tf.LayersModel, { images, shape }: Images): void {
  const made = [read.predict(tf.tensor4d(images, [...shape]))].flat();
  made.forEach((tensor, index) => {
    const { mean, variance } = tf.moments(tensor, [0, 1, 2]);
    const count = tensor.size / tensor.shape.at(-1)!;
    addPart(all[index], count, mean.dataSync<'float32'>(), variance.dataSync<'float32'>());
  });
}

/** Chan, Golub, LeVeque 1979: the moments of two parts together. */
function addPart(
  moments: Moments,
  count: number,
  mean: Float32Array,
  variance: Float32Array,
): void {
  const total = moments.count + count;
  mean.forEach((value, channel) => {
    const difference = value - moments.mean[channel];
    moments.mean[channel] += (difference * count) / total;
    moments.distances[channel] +=
      variance[channel] * count + (difference ** 2 * moments.count * count) / total;
  });
  moments.count = total;
}

/** γ · (x − μ) / √(σ² + ε) + β by other μ and σ². */
function settle(layer: tf.layers.Layer, { count, mean, distances }: Moments): void {
  const epsilon = layer.getConfig().epsilon as number;
  const [gamma, beta, oldMean, oldVariance] = layer
    .getWeights()
    .map((weight) => weight.dataSync<'float32'>());
  const variance = distances.map((sum) => sum / count);
  const slope = Array.from(gamma, (value, c) => value / Math.sqrt(oldVariance[c] + epsilon));
  layer.setWeights(
    [
      slope.map((value, c) => value * Math.sqrt(variance[c] + epsilon)),
      slope.map((value, c) => beta[c] + value * (mean[c] - oldMean[c])),
      mean,
      variance,
    ].map((values) => tf.tensor1d(Float32Array.from(values))),
  );
}
