/**
 * What libtensorflow reads from the environment when it is loaded; what the user has set stays.
 *
 * - oneDNN is on. By itself libtensorflow leaves it off where the processor lacks AVX512_VNNI; its other
 *   kernels refuse dilated depthwise convolutions and train at a third of the speed.
 * - No banner about the processor's features.
 */
export function setTensorFlowEnvironment(): void {
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
}
