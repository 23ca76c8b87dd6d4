/** "1" or "0": whether libtensorflow computes with oneDNN. */
export const ONE_DNN_VARIABLE = 'TF_ENABLE_ONEDNN_OPTS';

/** What this process has set itself. */
let ours: string | undefined;

/**
 * What libtensorflow reads from the environment when it is loaded; what the user has set stays.
 *
 * - oneDNN is on. By itself libtensorflow leaves it off where the processor lacks AVX512_VNNI; its other
 *   kernels refuse dilated depthwise convolutions and train large layers at a third of the speed.
 *   `chooseOneDnn` finds out where they are the faster ones.
 * - No banner about the processor's features.
 */
export function setTensorFlowEnvironment(): void {
  if (process.env[ONE_DNN_VARIABLE] === undefined) setOneDnn(true);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
}

/**
 * Hides what libtensorflow logs, for a process that has not loaded it yet: its distributed runtime tells of
 * every isolated op an "error" that is none. What goes wrong comes as an error of the session too.
 */
export function hideTensorFlowLog(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
}

/**
 * Lets libtensorflow take only kernels that give equal bits for equal inputs, for a process that has not
 * loaded it yet: on GPUs sums of atomic additions are others each time. On a processor all are so already,
 * with as many threads.
 */
export function requireDeterministicOps(): void {
  process.env.TF_DETERMINISTIC_OPS = '1';
}

/** Turns oneDNN on or off, for the libtensorflow that this process is going to load. */
export function setOneDnn(on: boolean): void {
  ours = on ? '1' : '0';
  process.env[ONE_DNN_VARIABLE] = ours;
}

/** Whether the user has turned oneDNN on or off; undefined where nobody has said anything. */
export function usersOneDnn(): boolean | undefined {
  const value = process.env[ONE_DNN_VARIABLE];
  if (value === undefined || value === ours) return undefined;
  // As libtensorflow reads it.
  return !['0', 'false'].includes(value.toLowerCase());
}
