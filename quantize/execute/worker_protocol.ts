import type { TierName } from '../kernels/kernels.ts';

/** What each worker thread is started with. */
export interface WorkerSetup {
  /** A TF8 file, shared by all threads. */
  readonly file: SharedArrayBuffer;
  readonly tier: TierName;
}

/** A task: images [N, H, W, C] float32 in; logits [N, classes] float32 out. */
export interface WorkerTask {
  readonly images: Float32Array;
}
