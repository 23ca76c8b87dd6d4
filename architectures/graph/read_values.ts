import * as tf from '@tensorflow/tfjs';

/**
 * The values of the tensors that `run` makes, which are freed with everything else it makes. Where
 * tf.tidy returns values, it looks for tensors among them, one by one: 1 µs each.
 */
export function readValues(run: () => readonly tf.Tensor[]): Float32Array[] {
  let values: Float32Array[] = [];
  tf.tidy(() => {
    values = run().map((tensor) => Float32Array.from(tensor.dataSync()));
  });
  return values;
}
