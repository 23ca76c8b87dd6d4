import * as tf from '@tensorflow/tfjs';

/**
 * In an `afterEach`: disposes of the models that a test made, those of its `before` too. Compiling a
 * function takes in every variable that there is, so those left behind slow all later tests.
 */
export function disposeModels(): void {
  tf.disposeVariables();
}
