import * as tf from '@tensorflow/tfjs';

/** What a worker has of a batch that several share. */
export interface Share {
  /** Means over the images of the share: gradients, statistics of batch norms, the loss. */
  readonly means: readonly tf.Tensor[];
  /** Images of the share that were classified right, int32. */
  readonly correct: tf.Tensor;
  /** Images of the share, a float32 scalar; 0 for a share that counts nothing. */
  readonly images: tf.Tensor;
  /** [N] float32: what is summed as it is. */
  readonly told: tf.Tensor;
}

/** The same of the whole batch. */
export type JointBatch = Share;

/**
 * The figures of a joint batch from those of the shares. Shares count by their images, so that the means
 * are those over all images, however they were divided.
 * @param sum of the workers' vectors, which are as long on all: one exchange
 */
export function joinShares(
  { means, correct, images, told }: Share,
  sum: (vector: tf.Tensor1D) => tf.Tensor1D,
): JointBatch {
  const flat = (tensor: tf.Tensor) => tensor.flatten();
  const weighted = tf.concat(means.map(flat)).mul(images);
  const vector = tf.concat([weighted, flat(correct).cast('float32'), flat(images), flat(told)]);
  const sizes = [...means.map(({ size }) => size), 1, 1, told.size];
  const parts = tf.split(sum(vector as tf.Tensor1D), sizes);
  const [allCorrect, allImages, allTold] = parts.slice(means.length);
  // Where every image of a batch is broken, nothing is learned from it.
  const count = allImages.maximum(1);
  return {
    means: means.map(({ shape }, n) => parts[n].div(count).reshape(shape)),
    correct: allCorrect,
    images: allImages,
    told: allTold,
  };
}
