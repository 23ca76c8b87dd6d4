/** "1" or "0": whether libtensorflow computes with oneDNN. */
export const ONE_DNN_VARIABLE = 'TF_ENABLE_ONEDNN_OPTS';

/**
 * What libtensorflow reads from the environment when it is loaded; what the user has set stays.
 *
 * - oneDNN is on. By itself libtensorflow leaves it off where the processor lacks AVX512_VNNI; its other
 *   kernels refuse dilated depthwise convolutions and train large layers at a third of the speed.
 *   `chooseOneDnn` finds out where they are the faster ones.
 * - No banner about the processor's features.
 */
export function setTensorFlowEnvironment(): void {
  process.env[ONE_DNN_VARIABLE] ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
}
